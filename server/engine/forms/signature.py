"""The form of a signature that the holder of a task asks of somebody else (加签): agree or not, an opinion.

It is the product's own, since it must stand beside any task of any diagram; its keys are those by which the
forms of the shared processes keep opinions, so that sheets and records read it as they read these.
"""

from __future__ import annotations

import json

from server.engine.forms.model import Form
from server.engine.forms.schema import load_forms

ID = "guicheng.f_signature"

_DRAWN = {
    "type": "default", "id": ID, "executionPlatform": "Camunda Platform", "schemaVersion": 19,
    "properties": {"title": "加签意见", "title_en": "Opinion of an added signer"},
    "components": [
        {
            "type": "radio", "id": "field_verdict", "key": "verdict", "label": "处理意见",
            "validate": {"required": True},
            "values": [{"label": "同意", "value": "pass"}, {"label": "不同意", "value": "fail"}],
            "properties": {"label_en": "Verdict", "values_en": "Agree | Disagree"},
        },
        {
            "type": "textarea", "id": "field_opinion_text", "key": "opinion_text", "label": "意见",
            "validate": {"required": True, "minLength": 2, "maxLength": 2000},
            "properties": {"label_en": "Opinion"},
        },
    ],
}  # fmt: skip


def signature() -> Form:
    """The form, read as any other is."""
    forms, findings = load_forms({f"forms/{ID}.form": json.dumps(_DRAWN).encode()})
    if findings:
        raise RuntimeError("; ".join(finding.text() for finding in findings))
    return forms[ID]
