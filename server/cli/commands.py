"""The list of commands."""

from __future__ import annotations

from collections.abc import Callable

import typer

from server.cli import content, office

app = typer.Typer(
    name="guicheng",
    no_args_is_help=True,
    add_completion=False,
    help="规程 Guicheng: approval regulations that run.",
)
COMMANDS: dict[str, Callable[..., None]] = {
    "serve": office.serve,
    "check": content.check,
    "test": content.play,
    "coverage": content.coverage,
    "outline": content.outlines,
    "tidy": content.lay_out,
    "evaluate": content.evaluate,
    "bundle": content.bundle_up,
    "load": office.load,
    "deploy": office.deploy,
    "seed": office.seed,
    "verify-audit": office.verify_audit,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Run a command; the entry point of the package."""
    app()
