"""Commands about tokens of programs: made at the machine for an account, listed, revoked."""

from __future__ import annotations

from typing import Annotated

import typer

from server.cli import house, telling
from server.cli.telling import AsJson, console, fail
from server.services import identity, tokens
from server.services.errors import NotFound, NotPermitted
from server.services.tokens import SCOPES, Wanted

app = typer.Typer(no_args_is_help=True, help="Tokens with which programs act for people.")
Jurisdiction = Annotated[str, typer.Argument(help="The jurisdiction of the account, such as hongshan.")]
Listed = Annotated[str, typer.Argument(help="Its id, from the list.")]


@app.command()
def make(
    jurisdiction: Jurisdiction,
    account: Annotated[str, typer.Argument(help="For whom the program acts.")],
    name: Annotated[str, typer.Option(help="Which program will use it.")],
    for_: Annotated[list[str], typer.Option("--for", help=f"What it is for: {', '.join(SCOPES)}.")],
    topic: Annotated[list[str] | None, typer.Option(help="For work on these topics only.")] = None,
    days: Annotated[int, typer.Option(help="How long it is valid.")] = 90,
) -> None:
    """Make a token and print it, this once."""
    settings = house.settings()
    wanted = Wanted(name, tuple(for_), days, tuple(topic or ()))
    with house.opened(settings, migrate=True) as database:
        try:
            with database.write() as session:
                person = identity.person_by_account(session, jurisdiction, account)
                secret = tokens.create(session, person, wanted, house.now(), by="operator")
        except NotPermitted as refused:
            raise fail(refused.reason.format_map(refused.params)) from refused
    typer.echo(secret)


@app.command("list")
def listing(jurisdiction: Jurisdiction, as_json: AsJson = False) -> None:
    """The tokens of a jurisdiction, newest first."""
    now = house.now()
    with house.opened(house.settings()) as database, database.read() as session:
        found = tokens.of_everybody(session, house.operator(session, jurisdiction))
    if as_json:
        told = [
            {"id": t.id, "account": t.account, "name": t.name, "for": t.scopes, "topics": t.topics,
             "state": t.state(now), "expires": t.expires_at.isoformat(),
             "used": t.last_used_at.isoformat() if t.last_used_at else None}
            for t in found
        ]  # fmt: skip
        telling.tell_json(told)
        return
    for token in found:
        used = f"used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
        console.print(
            f"  {token.id}  {token.state(now):<8} {token.account:<12} …{token.hint}  "
            f"{' '.join(token.scopes)}  {token.name}  ({used})", markup=False,
        )  # fmt: skip


@app.command()
def revoke(
    jurisdiction: Jurisdiction, token_id: Annotated[str, typer.Argument(help="From the list.")]
) -> None:
    """Let a token work no more."""
    with house.opened(house.settings()) as database:
        try:
            with database.write() as session:
                tokens.revoke(session, house.operator(session, jurisdiction), token_id, house.now())
        except NotFound as missing:
            raise fail(f"{jurisdiction} has no valid token {token_id}.") from missing
