"""The command line `guicheng`: a door for admins, process owners and builds."""

from __future__ import annotations

import gc


def main() -> None:
    """Load the commands and run one; the entry point of the package. What is loaded now stays: to look
    through it for garbage, now or later, costs a tenth of the start."""
    gc.disable()
    from server.cli.commands import app

    gc.freeze()
    gc.enable()
    app()


__all__ = ["main"]
