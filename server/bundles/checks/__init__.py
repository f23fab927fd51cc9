"""House checks: one file each, named as its finding is.

The engine's own refusals (`server.engine.refusals`) say what would run wrongly; these say what breaks the
rules of the house: an article missing, a post that nobody has, a figure outside a decision table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from server.bundles import reading
from server.bundles.archive import Bundle
from server.bundles.checks import (
    candidate_group_exists,
    cells_can_match,
    decision_inputs_are_set,
    due_dates_in_working_days,
    every_rule_can_fire,
    figure_agrees_with_article,
    figures_only_in_decisions,
    form_exists,
    form_fields_are_valid,
    id_equals_file_name,
    labels_present,
    manifest_is_consistent,
    messages_arrive,
    outline_is_current,
    papers_are_consistent,
    regulation_resolves,
    rejection_is_settled,
    schedule_is_sound,
    table_has_no_gaps,
    unique_rules_do_not_overlap,
    user_task_has_candidates,
)
from server.bundles.checks.subject import Subject
from server.bundles.manifest import ManifestRefused
from server.bundles.reading import KEPT
from server.engine import load
from server.engine.memo import Memo
from server.engine.model import Finding

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        module.CODE: module.check
        for module in (
            candidate_group_exists,
            cells_can_match,
            decision_inputs_are_set,
            due_dates_in_working_days,
            every_rule_can_fire,
            figure_agrees_with_article,
            figures_only_in_decisions,
            form_exists,
            form_fields_are_valid,
            id_equals_file_name,
            labels_present,
            manifest_is_consistent,
            messages_arrive,
            outline_is_current,
            papers_are_consistent,
            regulation_resolves,
            rejection_is_settled,
            schedule_is_sound,
            table_has_no_gaps,
            unique_rules_do_not_overlap,
            user_task_has_candidates,
        )
    }
)
"""The checks by the id that their findings bear."""

ANSWERED_BY_THE_ENGINE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "only-supported-elements": (
            "complex-gateway",
            "ad-hoc-sub-process",
            "transaction",
            "none-task",
            "unknown-element",
            "standard-loop",
            "compensation",
            "cancel-event",
            "several-event-definitions",
            "data-store-association",
        ),
        "no-scripts": ("script-task", "inline-script", "code-attached", "listener", "connector"),
        "everything-connected": ("unreachable", "dead-end", "flow-leads-nowhere"),
        "gateway-has-default": ("gateway-has-default", "condition-missing"),
        "decision-exists": ("decision-not-found", "no-decision"),
        "form-exists": ("form-not-found",),
        "feel-parses": ("feel-syntax", "feel-unknown-function", "feel-too-long"),
        "end-reachable": ("no-way-to-an-end", "no-end-event"),
    }
)
"""Checks that the engine itself makes when it loads the files, with the codes of its findings."""


def check(bundle: Bundle, memo: Memo = KEPT) -> tuple[Finding, ...]:
    """Everything there is to say about a bundle, by file and line: the engine's findings and the house's.

    A bundle may be deployed to its jurisdiction where no finding is of level error. The memo keeps what was
    read: after one file has changed, only that file is read again."""
    return check_loaded(bundle, reading.read(bundle.files, memo), memo)


def check_loaded(bundle: Bundle, loaded: load.Loaded, memo: Memo = KEPT) -> tuple[Finding, ...]:
    """As `check`, for files that were read already."""
    try:
        subject = Subject(bundle, bundle.manifest, loaded, memo)
    except ManifestRefused as refused:
        return (refused.finding, *loaded.findings)
    findings = [*loaded.findings, *(finding for one in CHECKS.values() for finding in one(subject))]
    return tuple(sorted(findings, key=lambda f: (f.file, f.line, f.element, f.row or 0, f.code)))
