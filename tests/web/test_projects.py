"""The page of a project: found in the list, with its cases, and a start page opened for it."""

from __future__ import annotations

import re

from tests.web.office import Office, apply


def test_a_project_is_found_and_leads_on(office: Office) -> None:
    clerk, other = office.visitor("clerk"), office.visitor("other_clerk")
    case = apply(clerk, "庚<项目>")
    found = clerk.get("/projects?q=庚<项目>")
    (project,) = re.findall(r'href="/projects/(\w+)"', found.text)
    page = clerk.get(f"/projects/{project}")
    assert page.status_code == 200
    assert "庚&lt;项目&gt;</h1>" in page.text
    assert f'href="/instances/{case}"' in page.text
    start = f"/start/hongshan.library_entry?project={project}"
    assert f'href="{start}"' in page.text
    assert re.search(rf'<option value="{project}" selected>', clerk.get(start).text)
    assert clerk.get(f"/projects?before={project}").status_code == 200
    assert "没有符合" in clerk.get("/projects?q=%25").text
    assert other.get(f"/projects/{project}").status_code == 403
    assert "庚" not in other.get("/projects").text
    assert other.get("/projects/none").status_code == 404
    assert office.visitor("bureau").get(f"/projects/{project}").status_code == 200
