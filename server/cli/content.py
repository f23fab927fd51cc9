"""Commands about content: check it, play it, lay it out, show what it says and which article it serves."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from server.bundles import archive, checks, outline, proof, scenarios, traceability
from server.bundles.archive import ArchiveRefused, Bundle
from server.bundles.manifest import ManifestRefused
from server.bundles.scenarios import Played
from server.bundles.tidy import quality, tidy
from server.cli import house, telling
from server.cli.telling import AsJson, console, errors, fail
from server.engine import decisions
from server.engine.load import load
from server.engine.model import Model

Names = Annotated[list[str] | None, typer.Argument(help="Jurisdictions; all of them if none is named.")]
Root = Annotated[Path, typer.Option(help="The folder that holds bpmn/, dmn/ and forms/.")]


def check(names: Names = None, root: Root = house.ROOT, as_json: AsJson = False) -> None:
    """Check diagrams, tables, forms and manifest; exit code 1 if anything may not be deployed."""
    told = telling.Findings(as_json)
    for bundle in _bundles(names, root):
        found = checks.check(bundle)
        told.add(bundle.id, found)
        told.sum_up(f"{bundle.id}: {len(bundle.files)} files, {_counted(f.level for f in found)}")
    told.close()


Kept = Annotated[
    Path | None,
    typer.Option(
        "--scenarios",
        help="Play the scenarios of this file or folder, kept elsewhere, instead of the jurisdiction's own.",
    ),
]


def play(names: Names = None, root: Root = house.ROOT, kept: Kept = None, as_json: AsJson = False) -> None:
    """Play every scenario; exit code 1 if one fails. Says which branches and rules none of them passes."""
    if kept is not None and len(names or []) != 1:
        raise fail("Name the jurisdiction whose processes and decisions these scenarios are about.", 2)
    told = telling.Findings(as_json)
    for bundle in _bundles(names, root):
        begun = time.perf_counter()
        model, played = _played(bundle, kept, quiet=as_json)
        proved = proof.proof(model, played)
        told.add(bundle.id, [failure for p in played for failure in p.failures])
        told.add(bundle.id, proof.unproved(model, proved) if kept is None else ())
        holding = sum(p.holds for p in played)
        branches = f"{len(proved.passed_branches)}/{len(proved.branches)} branches"
        rules = f"{len(proved.passed_rules)}/{len(proved.rules)} rules"
        seconds = time.perf_counter() - begun
        told.sum_up(
            f"{bundle.id}: {holding} of {len(played)} scenarios hold, {branches}, {rules} ({seconds:.1f} s)"
        )
    told.close()


def coverage(names: Names = None, root: Root = house.ROOT, as_json: AsJson = False) -> None:
    """Say for every article where it is modelled and which scenarios prove it. Exit code 1 while an article
    is neither proved nor left to people, or a scenario fails, or none passes a branch or a rule."""
    articles: list[dict[str, Any]] = []
    is_open = False
    for bundle in _bundles(names, root):
        model, played = _played(bundle, quiet=as_json)
        found = traceability.coverage(bundle.manifest, model, played)
        articles += [_article(article) for article in found]
        missing = list(proof.unproved(model, proof.proof(model, played)))
        is_open |= bool(missing) or any(one.state in ("modelled", "not_yet") for one in found)
        is_open |= not all(one.holds for one in played)
        if as_json:
            continue
        for article in found:
            detail = article.reason if article.state == "manual" else f"{len(article.places)} places"
            proofs = f", {len(article.scenarios)} scenarios" if article.scenarios else ""
            console.print(
                f"{article.citation:<16} {article.state:<9} {article.title}  ({detail}{proofs})", markup=False
            )
        told = f", {len(missing)} branches and rules that no scenario passes" if missing else ""
        console.print(f"{bundle.id}: {_counted(article.state for article in found)}{told}", markup=False)
    if as_json:
        telling.tell_json(articles)
    if is_open:
        raise typer.Exit(1)


def outlines(
    names: Names = None,
    root: Root = house.ROOT,
    compare: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if one is out of date.")
    ] = False,
) -> None:
    """Write each diagram as text beside it, for reviews."""
    stale = []
    for bundle in _bundles(names, root):
        for path, text in outline.outlines(_model(bundle).processes).items():
            file = root / archive.repository_path(path, bundle.id)
            if file.exists() and file.read_text(encoding="utf-8") == text:
                continue
            stale.append(file)
            if not compare:
                file.write_text(text, encoding="utf-8")
            console.print(f"{'out of date' if compare else 'wrote'} {file.relative_to(root)}", markup=False)
    if compare and stale:
        raise typer.Exit(1)


def lay_out(
    files: Annotated[list[Path], typer.Argument(help="Diagrams (.bpmn), or folders of them.")],
    keep: Annotated[
        bool, typer.Option(help="Keep what a person has placed; add only what is missing.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 1 if one would change.")
    ] = False,
) -> None:
    """Lay out diagrams: lanes, columns from left to right, orthogonal flows, labels clear of lines."""
    changed = 0
    for file in track(list(_diagrams(files)), description="tidy", transient=True, console=errors):
        before = file.read_bytes()
        try:
            after = tidy(before, keep=keep)
        except ValueError as error:
            raise fail(f"{file}: {error}") from error
        changed += before != after
        if before != after and not compare:
            file.write_bytes(after)
        seen = quality(after)
        verdict = "; ".join(seen.problems) or "good"
        console.print(f"{file}  {'changed' if before != after else 'unchanged'}  {verdict}", markup=False)
    if compare and changed:
        raise typer.Exit(1)


def bundle_up(
    names: Names = None,
    root: Root = house.ROOT,
    to: Annotated[Path, typer.Option(help="Folder.")] = Path("dist"),
) -> None:
    """Pack each jurisdiction into a zip that another installation can load (same content, same bytes)."""
    to.mkdir(parents=True, exist_ok=True)
    for bundle in _bundles(names, root):
        file = to / f"{bundle.id}.zip"
        file.write_bytes(archive.write_zip(bundle))
        console.print(f"{file}  {bundle.digest}", markup=False)


def evaluate(
    decision: Annotated[str, typer.Argument(help="Id of the decision, such as hongshan_tier.")],
    inputs: Annotated[
        list[str], typer.Argument(help="name=value …, or one JSON object: '{\"total\": 600000}'")
    ],
    root: Root = house.ROOT,
    as_json: AsJson = False,
) -> None:
    """Try a decision: what matched, what nearly did, what comes out; exit code 1 if it may not be used."""
    jurisdiction = next((n for n in house.jurisdictions(root) if decision.startswith(f"{n}_")), "")
    if not jurisdiction:
        raise fail(f"{decision} belongs to no jurisdiction of {root}.", 2)
    model = _model(next(iter(_bundles([jurisdiction], root))))
    if decision not in model.decisions:
        raise fail(f"There is no decision {decision} in {jurisdiction}.", 2)
    told = decisions.evaluate(model.decisions[decision], decision, _inputs(inputs), now=house.now())
    if as_json:
        rows = [{"row": rule.row, "id": rule.id, "annotations": rule.annotations} for rule in told.matched]
        findings = [finding.text() for finding in told.findings]
        telling.tell_json(
            {"outputs": told.outputs, "matched": rows, "inputs": dict(told.inputs), "findings": findings}
        )
    else:
        console.print(f"{told.name}  →  {telling.shown(told.outputs)}", markup=False)
        for rule in told.matched:
            console.print(f"  ✓ row {rule.row}  {'; '.join(rule.annotations)}", markup=False)
        for missed in told.missed:
            console.print(
                f"  · row {missed.row}  {missed.column}: {missed.cell}  ({missed.value})", markup=False
            )
        telling.tell_findings(told.findings, as_json=False)
    if told.failed:
        raise typer.Exit(1)


def _bundles(names: list[str] | None, root: Path) -> Iterator[Bundle]:
    wanted = names or house.jurisdictions(root)
    if not wanted:
        raise fail(f"There is no bpmn/<jurisdiction>/jurisdiction.toml in {root}.", 2)
    for name in wanted:
        try:
            bundle = archive.read_folder(root, name)
            bundle.manifest  # noqa: B018 - a manifest that cannot be read is told here, once for all commands
        except (ArchiveRefused, ManifestRefused) as error:
            telling.tell_findings([error.finding], as_json=False)
            raise typer.Exit(2) from error
        yield bundle


def _model(bundle: Bundle) -> Model:
    model, findings = load(bundle.files)
    wrong = [finding for finding in findings if finding.level == "error"]
    if model is None or wrong:
        telling.tell_findings(wrong, as_json=False)
        raise fail(f"{bundle.id} does not load.")
    return model


def _scenarios(kept: Path) -> dict[str, bytes]:
    """The scenario files of a folder, or one; named as they stand there."""
    if kept.is_file():
        return {kept.name: kept.read_bytes()}
    found = {file.relative_to(kept).as_posix(): file.read_bytes() for file in sorted(kept.rglob("*.yaml"))}
    if not found:
        raise fail(f"There are no scenarios (*.yaml) in {kept}.", 2)
    return found


def _played(bundle: Bundle, kept: Path | None = None, *, quiet: bool) -> tuple[Model, list[Played]]:
    model = _model(bundle)
    told, findings = scenarios.read_scenarios(_scenarios(kept) if kept else bundle.scenarios)
    if findings:
        telling.tell_findings(findings, as_json=False)
        raise fail(f"Scenarios of {bundle.id} cannot be read.")
    playing: Iterable[Played] = scenarios.play_all(told, model, bundle.manifest)
    if not quiet:
        playing = track(playing, bundle.id, total=len(told), transient=True, console=errors)
    return model, list(playing)


def _article(article: traceability.ArticleCoverage) -> dict[str, Any]:
    return {
        "article": article.citation, "title": article.title, "state": article.state, "reason": article.reason,
        "places": [f"{p.container} {p.element}".strip() for p in article.places],
        "scenarios": list(article.scenarios),
    }  # fmt: skip


def _diagrams(files: list[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(file.rglob("*.bpmn"))
        elif file.exists():
            yield file
        else:
            raise fail(f"There is no file {file}.", 2)


def _inputs(texts: list[str]) -> dict[str, Any]:
    if len(texts) == 1 and texts[0].lstrip().startswith("{"):
        try:
            found: dict[str, Any] = json.loads(texts[0], parse_float=Decimal)
        except json.JSONDecodeError as error:
            raise fail(f"The inputs are not JSON: {error}.", 2) from error
        return found
    pairs = [text.partition("=") for text in texts]
    if unclear := [text for text, sign, _ in pairs if not sign]:
        raise fail(f"{unclear[0]!r} gives no value. Write name=value.", 2)
    return {name.strip(): _value(value.strip()) for name, _, value in pairs}


def _value(text: str) -> Any:
    known = {"true": True, "false": False, "null": None, "": None}
    if text in known:
        return known[text]
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items())) or "no findings"
