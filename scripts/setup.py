"""Makes the virtual environment and installs the locked packages. It runs before any of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin/python"
OLDEST = (3, 11)


def main(lock: str) -> None:
    """Install requirements/<lock>.txt by its hashes, then this project itself."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Guicheng needs Python 3.11 or newer; {sys.executable} is {found}. Try: make PYTHON=python3.12 …"
        )
    if not PYTHON.exists():
        _make()
    print(f"Installing the packages of requirements/{lock}.txt …", flush=True)
    # Wheels only: a package that wants to be compiled would need tools that a bare machine lacks.
    _pip("--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / f"requirements/{lock}.txt"))
    _pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    (VENV / f".ready-{lock}").touch()


def _make() -> None:
    print(f"Making a virtual environment in {VENV} …", flush=True)
    try:
        venv.create(VENV, with_pip=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            "This Python cannot make virtual environments. "
            "On Debian and its kin, install the package python3-venv and try again."
        )


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.run(command, check=False).returncode:
        sys.exit("pip could not install the packages (its message is above). Is a package index reachable?")


if __name__ == "__main__":
    main(sys.argv[1])
