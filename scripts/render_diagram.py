"""Render BPMN files to PNG with bpmn-js in a headless Chromium, to look at what the layouter draws.

    python -m scripts.render_diagram bpmn/*/*.bpmn --out build/diagrams

Each picture goes into a folder named as the diagram's own: two jurisdictions may give a diagram one name.
bpmn-js is that of the pages; the browser is the one that the tests use. Run `make test` once to have both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.provision import chromium

HERE = Path(__file__).resolve().parent.parent
VENDOR = HERE / "server" / "web" / "static" / "vendor"
VIEWER = VENDOR / "bpmn-js" / "bpmn-navigated-viewer.production.min.js"
MARGIN = 20
PAGE = """<!doctype html><meta charset="utf-8"><style>
html,body{margin:0;background:#fff} #canvas{width:100vw;height:100vh}
body,text{font-family:Arial,"Noto Sans CJK SC",sans-serif}
</style><div id="canvas"></div>"""
SHOW = """async xml => {
  window.viewer?.destroy();
  const viewer = window.viewer = new BpmnJS({container: '#canvas'});
  const {warnings} = await viewer.importXML(xml);
  const inner = viewer.get('canvas').viewbox().inner;
  const {x, y, width, height} = inner;
  return {warnings: warnings.map(w => w.message || String(w)), x, y, width, height};
}"""
FIT = """({x, y, width, height}) => window.viewer.get('canvas').viewbox({x, y, width, height})"""


def render(page: Page, source: Path, target: Path, scale: float) -> list[str]:
    """Draw one file; the import warnings of bpmn-js are returned."""
    seen = page.evaluate(SHOW, source.read_text(encoding="utf-8"))
    view = {
        "x": seen["x"] - MARGIN,
        "y": seen["y"] - MARGIN,
        "width": seen["width"] + 2 * MARGIN,
        "height": seen["height"] + 2 * MARGIN + 30,
    }
    page.set_viewport_size({"width": int(view["width"] * scale), "height": int(view["height"] * scale)})
    page.evaluate("() => window.viewer.get('canvas').resized()")
    page.evaluate(FIT, view)
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(target))
    return list(seen["warnings"])


def main() -> int:
    """Render every file named on the command line; 1 when bpmn-js could not import one without warnings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/diagrams"))
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    failed = False
    chromium.ensure()
    with sync_playwright() as play:
        browser = play.chromium.launch(**dict(chromium.launch_options()))
        page = browser.new_page()
        page.set_content(PAGE)
        page.add_script_tag(path=str(VIEWER))
        for source in options.files:
            target = options.out / source.resolve().parent.name / f"{source.stem}.png"
            warnings = render(page, source, target, options.scale)
            failed |= bool(warnings)
            print(target, *warnings, sep="\n  ")
        browser.close()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
