"""The wheel holds what its modules read at run time: templates, catalogues, styles, pages about checks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ = ("web/templates", "web/static", "locale")


def test_an_installed_package_has_every_file_that_its_pages_are_made_of(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(tmp_path / "installed")
    checks = ROOT / "docs" / "checks"
    wanted = {f"server/web/checks/{file.relative_to(checks).as_posix()}" for file in checks.rglob("*.md")}
    for folder in READ:
        files = (ROOT / "server" / folder).rglob("*")
        wanted |= {
            file.relative_to(ROOT).as_posix() for file in files if file.is_file() and file.suffix != ".mo"
        }
    assert not wanted - names
    assert not [name for name in names if name.startswith(("tests/", "docs/"))]
    ask = "from server.web.check_pages import PAGES, check_page, example as e; print(PAGES);"
    ask += "print(check_page('figures-only-in-decisions', 'zh-CN').title, e('duplicate-id') is not None)"
    said = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path / "installed", check=True, capture_output=True, text=True
    ).stdout.split()
    assert Path(said[0]).is_relative_to(tmp_path)
    assert said[-1] == "True"
