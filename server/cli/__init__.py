"""The command line `guicheng`: a door for admins, process owners and builds."""

from __future__ import annotations

from server.cli.commands import main

__all__ = ["main"]
