"""The list of commands."""

from __future__ import annotations

import typer

from server.cli import office

app = typer.Typer(
    name="guicheng", no_args_is_help=True, add_completion=False, help="规程: approval regulations that run."
)
for command in (office.serve, office.deploy, office.load, office.seed, office.verify_audit):
    app.command()(command)


def main() -> None:
    """Run a command; the entry point of the package."""
    app()
