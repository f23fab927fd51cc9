"""Every component on one page, with sample data: for designers, reviewers and tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from server.engine.forms import RenderContext, load_forms, render_tree
from server.services.history import TimelineEntry
from server.services.worklist import TaskRow
from server.web import render
from server.web.context import Visit
from server.web.language import mark as _
from server.web.routing import Pages, Permission

pages = Pages()
SAMPLE = render.ROOM / "templates" / "ui" / "sample.form"


@pages.get("/ui", Permission.ANYONE)
def components(visit: Visit) -> Response:
    """All components."""
    forms, _findings = load_forms({"sample.form": SAMPLE.read_bytes()})
    error = visit.words.gettext(_("Enter an amount in yuan, for example 600,000.00."))
    context = RenderContext(
        variables={"project_name": "智慧政务一体化平台", "project_code": "XM-2026-0007"},
        autos={"officer": "经办人甲", "today": "2026-03-05"}, language=visit.language, prefix="sample-",
        errors={"total": (error,)},
    )  # fmt: skip
    views = render_tree(forms["sample"], {"total": "六十", "activity": "new", "items": [{}, {}]}, context)
    return render.page(
        visit,
        "ui/patterns.html",
        views=views,
        sample_error=error,
        record=_record(visit),
        sample_rows=_rows(visit),
    )


def _rows(visit: Visit) -> list[TaskRow]:
    def row(number: int, light: str, days: int) -> TaskRow:
        due = visit.now + timedelta(days=days)
        return TaskRow(
            id=f"sample-{number}",
            instance_id="sample",
            name="审核入库申请",
            business_key=f"红数库〔2026〕{number}号",
            title="智慧政务一体化平台升级改造",
            process_key="sample",
            sent_by="经办人乙",
            created_at=visit.now,
            due=due,
            instance_due=None,
            light=light,
            instance_light="green",
            mine=False,
            groups=("区政数局",),
            working_days_left=days,
            round=None,
        )

    return [row(12, "red", -2), row(13, "yellow", 1), row(14, "green", 6)]


def _record(visit: Visit) -> list[TimelineEntry]:
    def entry(seq: int, kind: str, **payload: Any) -> TimelineEntry:
        return TimelineEntry(seq, visit.now, kind, "u", "经办人甲", "数据管理科", "Task", "t", payload)

    finding = {
        "message": "The table {table} has no rule for this.",
        "params": {"table": "项目分档"},
        "remedy": "",
    }
    return [
        entry(6, "instance_ended", name="已入库"),
        entry(5, "incident_raised", finding=finding),
        entry(4, "task_returned", name="审核入库申请", reason="可行性研究报告缺少数据共享篇章。"),
        entry(3, "decision_evaluated", name="项目分档", outputs={"tier": "large"}, rules=[1]),
        entry(2, "task_completed", name="前置审核", values={"opinion_text": "同意。"}),
        entry(1, "instance_started", number="红数库〔2026〕12号"),
    ]
