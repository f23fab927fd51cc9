"""A field has one label everywhere.

A field may be called like a function of FEEL (`date`, `count`): where a name is called, the built-in answers
unless the variable is a function itself, and no answer of a form is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from server.bundles.checks.subject import Rule, Subject
from server.engine.model import Finding

CODE = "form-fields-are-valid"
OTHER_LABEL = Rule(
    CODE,
    "The field {element} is called “{label}” here and “{other}” in {where}.",
    "Give it one label, or another name if it means something else.",
    level="warning",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Fields that would confuse a reader; what is no form at all, the loader tells."""
    labels: dict[str, tuple[str, str]] = {}
    for form in sorted(subject.loaded.model.forms.values(), key=lambda f: f.file):
        for field in form.fields:
            label = field.label.plain()
            known, file = labels.setdefault(field.key, (label, form.file))
            if label and known and label != known:
                yield OTHER_LABEL.at(form.file, field.key, label=label, other=known, where=file)
