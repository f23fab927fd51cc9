"""A field has one label everywhere and a name that hides no function of FEEL."""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.feel import BUILTINS
from server.engine.model import Finding

CODE = "form-fields-are-valid"
HIDES_FUNCTION = Rule(
    CODE,
    "The field {element} hides the FEEL function of that name.",
    "Give it a longer name, such as report_date for date.",
)
OTHER_LABEL = Rule(
    CODE,
    "The field {element} is called “{label}” here and “{other}” in {where}.",
    "Give it one label, or another name if it means something else.",
    level="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Fields that would confuse an expression or a reader; what is no form at all, the loader tells."""
    labels: dict[str, tuple[str, str]] = {}
    for form in sorted(subject.loaded.model.forms.values(), key=lambda f: f.file):
        for field in form.fields:
            if field.path and field.path[0] in BUILTINS:
                yield HIDES_FUNCTION.at(form.file, field.key)
            label = field.label.plain()
            known, file = labels.setdefault(field.key, (label, form.file))
            if label and known and label != known:
                yield OTHER_LABEL.at(form.file, field.key, label=label, other=known, where=file)
