"""重新办理 on its pages: the form is filled, the reason is asked for, both cases lead to each other."""

from __future__ import annotations

import re

import httpx

from tests.web.office import Office, Visitor, apply

REASON = "原申请有误，重新申报"


def ended(office: Office, name: str) -> str:
    """A case of the clerk that was ended without an outcome; gives its address."""
    clerk = office.visitor("clerk")
    case = f"/instances/{apply(clerk, name=name)}"
    page = clerk.get(f"{case}/end")
    seen = page.text.partition('name="seen" value="')[2].partition('"')[0]
    assert clerk.post(f"{case}/end", page, reason="填报有误", seen=seen).status_code == 303
    return case


def filled(page: httpx.Response) -> dict[str, str | list[str]]:
    """What a browser would send of the form as it is."""
    from lxml import html

    form = html.fromstring(page.text).get_element_by_id("task-form")
    found: dict[str, str | list[str]] = {}
    for name, value in form.form_values():
        if name != "csrf":
            found.setdefault(name, []).append(value)  # type: ignore[union-attr]
    return found


def take_up(visitor: Visitor, case: str, reason: str = REASON) -> httpx.Response:
    """Open the page, send it as it is filled, with a reason."""
    page = visitor.get(f"{case}/reopen")
    return visitor.post(f"{case}/reopen", page, **{**filled(page), "reopening_reason": reason})


def test_a_case_is_taken_up_again(office: Office) -> None:
    """From the case page over form and check; number, reason and link stand on both, on paper, in the record
    and in the explanation."""
    case, clerk = ended(office, "重新办理的项目"), office.visitor("clerk")
    assert f'href="{case}/reopen"' in clerk.get(case).text
    answer = take_up(clerk, case, "")
    assert (answer.status_code, 'href="#f-reopening_reason"' in answer.text) == (422, True)
    assert take_up(clerk, case).headers["location"] == f"{case}/reopen/check"
    check = clerk.get(f"{case}/reopen/check")
    assert REASON in check.text
    begun = clerk.post(f"{case}/reopen/submit", check).headers["location"]
    again = clerk.post(f"{case}/reopen/submit", check)
    assert again.headers["location"] == begun
    new = f"/instances/{begun.rpartition('/')[2]}"
    old_number, new_number = (_number(clerk, one) for one in (case, new))
    for one, other, number in ((case, new, new_number), (new, case, old_number)):
        page = clerk.get(one).text
        assert f'<a href="{other}">{number}</a>' in page
        assert REASON in clerk.get(f"{one}/history").text
        assert number in clerk.get(f"{one}/print").text
        assert f'<a href="{other}">{number}</a>' in office.visitor("admin").get(f"{one}/why").text
    assert f'href="{case}/reopen"' not in clerk.get(case).text
    assert clerk.get(f"{case}/reopen").status_code == 403
    assert re.findall(r'href="/attachments/[^"]+"', clerk.get(f"{new}/materials").text)


def test_nobody_else_may(office: Office) -> None:
    """Not those who worked on it: no link, a refusal that says who may. A case that runs says what to do
    instead."""
    case, bureau = ended(office, "他人重新办理"), office.visitor("bureau")
    assert f'href="{case}/reopen"' not in bureau.get(case).text
    page = bureau.get(f"{case}/reopen")
    assert (page.status_code, "单位负责人" in page.text) == (403, True)
    sent = bureau.post(f"{case}/reopen", page, reopening_reason=REASON)
    assert sent.status_code == 403
    assert bureau.post(f"{case}/reopen/submit", page).status_code == 403
    clerk = office.visitor("clerk")
    running = f"/instances/{apply(clerk, name='尚在办理')}"
    refused = clerk.get(f"{running}/reopen")
    assert (refused.status_code, "撤回" in refused.text) == (403, True)


def test_who_comes_second_keeps_what_they_typed(office: Office) -> None:
    """Whether the other was faster while the form was filled or while it was checked."""
    case, clerk, admin = ended(office, "同时重新办理"), office.visitor("clerk"), office.visitor("admin")
    page = admin.get(f"{case}/reopen")
    typed = {**filled(page), "reopening_reason": "单位要求重新申报"}
    assert admin.post(f"{case}/reopen", page, **typed).status_code == 303
    assert take_up(clerk, case).status_code == 303
    assert clerk.post(f"{case}/reopen/submit", clerk.get(f"{case}/reopen/check")).status_code == 303
    for late in (admin.post(f"{case}/reopen/submit", page), admin.post(f"{case}/reopen", page, **typed)):
        assert late.status_code == 409
        assert "周明" in late.text
        assert "单位要求重新申报" in late.text


def _number(visitor: Visitor, case: str) -> str:
    return visitor.get(case).text.partition('<span class="number">')[2].partition("<")[0]
