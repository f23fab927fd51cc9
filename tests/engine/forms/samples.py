"""Forms that the tests of this folder share, written as form-js writes them."""

from __future__ import annotations

import json
from typing import Any

from server.engine.forms import Form, load_forms

YES_NO = [{"label": "是", "value": "true"}, {"label": "否", "value": "false"}]


def field(type_: str, key: str, **more: Any) -> dict[str, Any]:
    """One keyed component."""
    return {"type": type_, "id": f"id_{key}", "key": key, "label": more.pop("label", key), **more}


def schema(*components: dict[str, Any], id_: str = "town.f_test", **more: Any) -> bytes:
    """A form file."""
    content = {"id": id_, "type": "default", "schemaVersion": 19, "components": list(components), **more}
    return json.dumps(content, ensure_ascii=False).encode()


def form(*components: dict[str, Any], **others: bytes) -> Form:
    """A form that must load without findings; `others` are files it includes."""
    forms, findings = load_forms({"forms/town/f_test.form": schema(*components), **others})
    assert findings == ()
    return forms["town.f_test"]


APPLICATION = (
    field(
        "select",
        "activity",
        label="项目活动类型",
        values=[{"label": "新建", "value": "new"}, {"label": "升级改造", "value": "upgrade"}],
        properties={"label_en": "Activity", "values_en": "New|Upgrade"},
        validate={"required": True},
    ),
    field(
        "textfield",
        "total",
        label="总投资(元)",
        properties={"kind": "money", "label_en": "Total investment"},
        validate={"required": True, "min": 0.01},
    ),
    field(
        "textfield",
        "amount",
        label="升级改造总金额(元)",
        properties={"kind": "money"},
        validate={"required": True},
        conditional={"hide": '=activity != "upgrade"'},
    ),
    field("radio", "is_state_secret", label="是否涉密", values=YES_NO, properties={"kind": "boolean"}),
    field("datetime", "apply_on", label="申请日期", subtype="date", properties={"auto": "today"}),
    field("textfield", "officer", label="经办人", properties={"auto": "officer"}),
)
