"""Commands about packages of cases: whether one that was taken is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from server.cli.telling import AsJson, console, fail, tell_json
from server.services import archive_proof
from server.services.archive_proof import NoPackage


def verify_archive(
    package: Annotated[Path, typer.Argument(help="The ZIP file.", exists=True, dir_okay=False)],
    as_json: AsJson = False,
) -> None:
    """Check a package of a case: every file against its digest, the record entry by entry. Needs no database.

    Ends with 1 when something is wrong. Compare the digest of the manifest with that in the record of the
    case: who rewrites a whole package cannot rewrite that."""
    try:
        with package.open("rb") as file:
            proof = archive_proof.prove(file)
    except NoPackage as error:
        raise fail(f"{package} is no package of a case: {error}.", 2) from error
    faults: list[dict[str, Any]] = [{"path": fault.path, "what": fault.what} for fault in proof.faults]
    if as_json:
        told = {"case": proof.case, "files": proof.files, "entries": proof.entries, "digest": proof.digest}
        tell_json({**told, "faults": faults})
    else:
        console.print(f"{proof.case}: {proof.files} files, {proof.entries} entries of the record")
        console.print(f"digest of the manifest: {proof.digest}")
        for fault in proof.faults:
            console.print(f"{fault.path}: {fault.what}", style="red")
        console.print("sound" if not faults else f"{len(faults)} faults")
    if faults:
        raise typer.Exit(1)
