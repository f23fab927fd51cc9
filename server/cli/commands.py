"""The list of commands."""

from __future__ import annotations

from collections.abc import Callable

import typer

from server.cli import archives, content, finding, office, people, projects, studio, tokens, versions

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
    "load": studio.load,
    "deploy": office.deploy,
    "activate": studio.activate,
    "export": studio.export,
    "two-person": studio.two_persons,
    "diff": versions.diff,
    "would-change": versions.would_change,
    "seed": office.seed,
    "verify-audit": office.verify_audit,
    "verify-archive": archives.verify_archive,
    "reindex": finding.reindex,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
GROUPS = {"token": tokens.app, "people": people.app, "projects": projects.app}
for name, group in GROUPS.items():
    app.add_typer(group, name=name)
