"""The studio's editors in a real browser: change, save, open again; findings where they are; one writer at a
time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.e2e.conftest import Server
from tests.e2e.driver import Desk

PICTURES = Path(os.environ["E2E_PICTURES"]) if "E2E_PICTURES" in os.environ else None
DIAGRAM, TABLE, FORM, MANIFEST = (
    "bpmn/project_approval.bpmn", "dmn/tier.dmn", "forms/f_pre_review.form", "jurisdiction.toml"
)  # fmt: skip
SAVED = "#status[data-state=saved]"

pytestmark = pytest.mark.browser


class Studio:
    """A process owner at the editors of a draft. Every request is kept, to see where it went."""

    def __init__(self, browser: Browser, server: Server, account: str = "owner", draft: str = "") -> None:
        self.desk = Desk(browser, server.address, account)
        self.page: Page = self.desk.page
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.draft = draft or self._begin()

    def _begin(self) -> str:
        self.page.goto("/design")
        csrf = self.page.locator("input[name=csrf]").first.get_attribute("value") or ""
        answer = self.page.request.post("/design", form={"csrf": csrf, "from": "", "name": "试改"})
        assert answer.ok, answer.text()
        return answer.url.rpartition("/")[2]

    def open(self, path: str, query: str = "") -> None:
        """Open a file and wait until its editor is there."""
        self.page.goto(f"/design/{self.draft}/edit/{path}{query}")
        self.page.wait_for_selector("#studio[data-ready]")

    def saved(self) -> None:
        """Wait until the server has it."""
        self.page.wait_for_selector(SAVED)

    def content(self, path: str) -> str:
        """The file as the server has it."""
        return self.page.request.get(f"/design/{self.draft}/files/{path}").text()

    def comment(self, path: str, **before: str) -> str:
        """Write comments into a file by hand: before a piece of it, each in lines of their own; gives it."""
        content = self.content(path)
        for comment, piece in before.items():
            assert content.count(piece) == 1, piece
            at = content.index(piece)
            indent = content[content.rindex("\n", 0, at) + 1 : at]
            deeper = "  " if piece.startswith("</") else ""
            content = content.replace(piece, f"{deeper}<!-- {comment}\n  {comment} -->\n{indent}{piece}")
        content += "<!-- 文末 -->\n"
        csrf = self.page.locator("input[name=csrf]").first.get_attribute("value") or ""
        form = {"csrf": csrf, "content": content, "revision": "1"}
        answer = self.page.request.post(f"/design/{self.draft}/files/{path}", form=form)
        assert answer.ok, answer.text()
        return content

    def select(self, element: str) -> None:
        """Select an element of a diagram."""
        self.page.evaluate(
            "id => studio.tool.get('selection').select(studio.tool.get('elementRegistry').get(id))", element
        )
        expect(self.page.locator("[data-group-id=group-general]")).to_be_visible()

    def group(self, name: str) -> None:
        """Open a group of the panel."""
        head = self.page.locator(f"[data-group-id=group-{name}] .bio-properties-panel-group-header").first
        if "open" not in (head.get_attribute("class") or ""):
            head.click()

    def write(self, text: str, instead_of: str = "") -> None:
        """Type into the editor of texts: at the beginning, or in place of a part."""
        self.page.locator("textarea.code").evaluate(
            """(area, part) => {
                const at = part ? area.value.indexOf(part) : 0;
                area.focus();
                area.setSelectionRange(at, at + part.length);
            }""",
            instead_of,
        )
        self.page.keyboard.insert_text(text)

    def picture(self, name: str) -> None:
        """Keep a picture for people to look at."""
        if PICTURES is not None:
            self.page.screenshot(path=PICTURES / f"modeler-{name}.png")


@pytest.fixture
def enter(browser: Browser, server: Server) -> Iterator[Callable[..., Studio]]:
    """Lets people in; looks at the end whether anything went wrong in their browsers."""
    inside: list[Studio] = []

    def let_in(account: str = "owner", draft: str = "") -> Studio:
        inside.append(Studio(browser, server, account, draft))
        return inside[-1]

    yield let_in
    for studio in inside:
        studio.desk.close()
        foreign = [url for url in studio.asked if not url.startswith((server.address, "blob:", "data:"))]
        assert foreign == []


def test_a_name_and_a_condition_of_a_diagram_are_changed(enter: Callable[..., Studio]) -> None:
    studio = enter()
    before = studio.comment(DIAGRAM, 文首="<bpmn:definitions", 会审='<bpmn:userTask id="text_review"')
    studio.open(DIAGRAM)
    studio.select("text_review")
    studio.group("general")
    studio.page.locator("#bio-properties-panel-name").fill("文本会审")
    studio.page.keyboard.press("Tab")
    flow = re.search(r'<bpmn:sequenceFlow id="(\w+)"[^>]*>\s*<bpmn:conditionExpression', before)
    assert flow is not None
    studio.select(flow[1])
    studio.group("CamundaPlatform__Condition")
    studio.page.locator("#bio-properties-panel-conditionExpression").fill("total >= 700000")
    studio.page.locator("#save").click()
    studio.saved()
    studio.picture("diagram")
    after = studio.content(DIAGRAM)
    old, new = set(before.splitlines()), set(after.splitlines())
    changed = {line for line in new - old if "<dc:Bounds" not in line}  # labels are measured anew
    assert len(changed) == 2, changed  # what was changed and nothing else
    assert [line for line in after.splitlines() if "-- " in line] == re.findall(r".*-- .*", before)
    assert 'name="文本会审"' in after
    assert "total &gt;= 700000" in after
    studio.page.reload()
    studio.page.wait_for_selector("#studio[data-ready]")
    studio.select("text_review")
    studio.group("general")
    expect(studio.page.locator("#bio-properties-panel-name")).to_have_value("文本会审")


def test_what_is_chosen_wrong_is_marked_on_the_element(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(DIAGRAM)
    studio.select("text_review")
    posts = studio.page.locator("[data-entry-id=guicheng-groups]")
    expect(posts.locator(".chips li")).to_have_text(["区政数局×"])
    offered = posts.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert "project_unit" in offered
    posts.locator(".chips button").click()
    posts.locator("input").fill("nobody_here")
    posts.locator("input").press("Tab")
    expect(posts.locator(".chips li.unknown")).to_be_visible()
    studio.saved()
    mark = studio.page.locator(".djs-overlays .mark")
    expect(mark).to_have_count(1)
    studio.select("approval_clock")
    mark.click()
    chosen = studio.page.locator("#findings li.chosen")
    expect(chosen).to_contain_text("nobody_here")
    expect(chosen.locator("a")).to_have_attribute("href", re.compile("/checks/candidate-group-exists"))
    selected = studio.page.evaluate("studio.tool.get('selection').get().map(one => one.id)")
    assert selected == ["text_review"]
    studio.picture("diagram-finding")


def test_a_step_of_an_approval_is_appended_ready_made(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(DIAGRAM)
    studio.select("text_review")
    studio.page.locator(".djs-context-pad [data-action=append]").click()
    studio.page.locator(".djs-popup-search input").fill("会签")
    studio.page.locator(".djs-popup-body .entry", has_text="会签").first.click()
    studio.saved()
    found = re.search(
        r'<bpmn:userTask id="\w+" name="会签".*?</bpmn:userTask>', studio.content(DIAGRAM), re.S
    )
    assert found is not None
    assert 'camunda:modelerTemplate="guicheng.countersign"' in found[0]
    assert "multiInstanceLoopCharacteristics" in found[0]


def test_a_template_fills_what_is_empty_and_takes_nothing_away(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(DIAGRAM)
    apply = """id => {
        const task = studio.tool.get('elementRegistry').get(id), all = studio.tool.get('elementTemplates');
        all.applyTemplate(task, all.getAll().find(({ id }) => id === 'guicheng.countersign'));
    }"""
    studio.page.evaluate(apply, "text_review")
    studio.saved()
    after = studio.content(DIAGRAM)
    task = after[after.index('<bpmn:userTask id="text_review"') :].partition("</bpmn:userTask>")[0]
    for kept in (
        'candidateGroups="data_bureau"', 'formRef="hongshan.f_text_review"', 'name="regulation"',
        'name="withdrawable"', 'name="review_opinion"', 'name="outputCollection"',
    ):  # fmt: skip
        assert kept in task


def test_a_cell_of_a_table_is_changed_and_the_gap_is_found(enter: Callable[..., Studio]) -> None:
    studio = enter()
    before = studio.comment(TABLE, 文首="<definitions", 大额='<rule id="large"', 表末="</decisionTable>")
    studio.open(TABLE)
    cell = studio.page.locator("td[data-element-id=large_total] [contenteditable]")
    cell.click()
    studio.page.keyboard.press("Control+A")
    studio.page.keyboard.type(">= 650000")
    studio.page.locator("#save").click()
    studio.saved()
    expect(studio.page.locator("#findings")).to_contain_text("650,000")  # not what the article says
    expect(studio.page.locator("#findings")).to_contain_text("600000")  # no rule matches
    expect(studio.page.locator("#canvas .found").first).to_be_visible()
    studio.picture("table-finding")
    after = studio.content(TABLE)
    assert after == before.replace("&gt;= 600000", "&gt;= 650000")
    studio.page.locator("#findings .finding").first.click()
    expect(studio.page.locator("#findings li.chosen")).to_have_count(1)
    studio.page.reload()
    studio.page.wait_for_selector("#studio[data-ready]")
    expect(studio.page.locator("td[data-element-id=large_total]")).to_have_text(">= 650000")


def test_the_graph_of_requirements_shows_what_things_are_called(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(TABLE)
    studio.page.locator("#tabs button").first.click()
    expect(studio.page.locator(".called", has_text="投资档次")).to_be_visible()
    expect(studio.page.locator(".called", has_text="项目类别")).to_be_visible()
    studio.picture("graph")


def test_a_field_of_a_form_is_changed(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(FORM)
    before = json.loads(studio.content(FORM))
    studio.page.locator(".fjs-element", has_text="技术可行性").last.click()
    basis = studio.page.locator(".guicheng-group input[list]")
    basis.fill("hongshan#999")
    basis.press("Tab")
    expect(studio.page.locator(".guicheng-group .chips li.unknown")).to_have_text("hongshan#999×")
    studio.saved()
    expect(studio.page.locator("#findings li").first).to_contain_text("hongshan#999")
    expect(studio.page.locator(".fjs-element.found.error")).to_have_count(1)
    studio.picture("form-finding")
    after = json.loads(studio.content(FORM))
    assert after != before
    changed = json.loads(json.dumps(after).replace("hongshan#9 hongshan#999", "hongshan#9"))
    assert json.dumps(changed) == json.dumps(before)  # in the same order too


def test_a_text_is_refused_and_kept_until_it_can_be_read(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(MANIFEST)
    area = studio.page.locator("textarea.code")
    text = area.input_value()
    studio.write('id = "data_bureau', instead_of='id = "data_bureau"')
    studio.page.wait_for_selector("#status[data-state=not_saved]")
    line = text[: text.index('id = "data_bureau"')].count("\n") + 1
    expect(studio.page.locator(f".numbers .error[data-line='{line}']")).to_have_count(1)
    studio.picture("text-refused")
    with studio.page.expect_download() as got:
        studio.page.locator("#notice button").first.click()
    assert 'id = "data_bureau\n' in got.value.path().read_text("utf-8")
    studio.desk.faults.clear()
    studio.write('id = "data_bureau"\nname = "区数据局"', instead_of='id = "data_bureau\nname = "区政数局"')
    studio.saved()
    assert 'name = "区数据局"' in studio.content(MANIFEST)
    expect(studio.page.locator("#notice")).to_be_hidden()


def test_one_person_writes_at_a_time(enter: Callable[..., Studio]) -> None:
    first = enter()
    first.open(DIAGRAM)
    second = enter("admin", first.draft)
    for path in (DIAGRAM, TABLE, FORM, MANIFEST):
        first.open(path)
        second.open(path)
        expect(second.page.locator("#holder")).to_contain_text("钱岳")
        expect(second.page.locator("#save")).to_be_hidden()
        second.picture(f"held-{Path(path).suffix[1:]}")
    first.page.goto("/design")  # leaving gives it back
    second.open(MANIFEST)
    expect(second.page.locator("#save")).to_be_visible()


def test_typing_outlives_a_save_of_somebody_else(enter: Callable[..., Studio]) -> None:
    first = enter()
    first.open(MANIFEST)
    second = enter("admin", first.draft)
    second.page.goto("/design")
    csrf = second.page.locator("input[name=csrf]").first.get_attribute("value") or ""
    place = f"/design/{first.draft}"
    json_please = {"Accept": "application/json"}
    took = {"csrf": csrf, "action": "take", "reason": "今天要部署"}
    answer = second.page.request.post(f"{place}/locks/{MANIFEST}", form=took, headers=json_please)
    assert answer.ok, answer.text()
    read = second.page.request.get(f"{place}/files/{MANIFEST}")
    sent = {"csrf": csrf, "content": "# 新\n" + read.text(), "revision": read.headers["etag"].strip('"')}
    assert second.page.request.post(f"{place}/files/{MANIFEST}", form=sent, headers=json_please).ok
    first.write("# 我的\n")
    first.page.wait_for_selector("#status[data-state=not_saved]")
    expect(first.page.locator("#notice")).to_contain_text("于洋")
    first.picture("conflict")
    with first.page.expect_download() as got:
        first.page.locator("#notice button").first.click()
    assert got.value.path().read_text("utf-8").startswith("# 我的\n")
    second.page.request.post(f"{place}/locks/{MANIFEST}", form={"csrf": csrf, "action": "release"})
    first.page.locator("#notice button").last.click()  # open the saved version
    expect(first.page.locator("#notice button").first).to_be_visible()
    assert first.page.locator("textarea.code").input_value().startswith("# 新\n")


def test_typing_outlives_a_lost_connection_and_a_closed_page(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(MANIFEST)
    broken = True

    def line(route: Route, request: Request) -> None:
        if broken and request.method == "POST":
            route.abort()
        else:
            route.continue_()

    studio.page.route("**/files/**", line)
    area = studio.page.locator("textarea.code")
    studio.write("# 断线前\n")
    studio.page.wait_for_selector("#status[data-state=not_saved]")
    studio.page.on("dialog", lambda dialog: dialog.accept())  # leave all the same
    studio.page.reload()
    studio.page.wait_for_selector("#studio[data-ready]")
    assert not area.input_value().startswith("# 断线前")
    broken = False
    studio.page.locator("#notice button").first.click()
    studio.saved()
    assert studio.content(MANIFEST).startswith("# 断线前\n")


def test_a_file_that_cannot_be_taken_over_whole_is_not_saved(enter: Callable[..., Studio]) -> None:
    studio = enter()
    studio.open(TABLE, "?as=text")
    area = studio.page.locator("textarea.code")
    studio.write('inputEntry id="small"', instead_of='inputEntry id="large_total"')
    studio.saved()
    twice = area.input_value()
    studio.open(TABLE)
    expect(studio.page.locator("#notice a")).to_have_attribute("href", re.compile(r"\?as=text$"))
    assert studio.content(TABLE) == twice


MARKS = {DIAGRAM: ".bjs-powered-by", TABLE: ".dmn-powered-by, .bjs-powered-by", FORM: ".fjs-powered-by"}


@pytest.mark.parametrize("width", [1440, 1024])
def test_the_mark_of_the_libraries_stays_in_sight(enter: Callable[..., Studio], width: int) -> None:
    studio = enter()
    studio.page.set_viewport_size({"width": width, "height": 900})
    for path, mark in MARKS.items():
        studio.open(path)
        found = studio.page.locator(mark).first
        found.scroll_into_view_if_needed()
        uncovered = """mark => {
            const box = mark.getBoundingClientRect();
            return [[.2, .5], [.5, .5], [.8, .5]].every(([x, y]) =>
                mark.contains(document.elementFromPoint(box.left + box.width * x, box.top + box.height * y)));
        }"""
        assert found.evaluate(uncovered), path


WALK = """async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const get = (name) => studio.tool.get(name);
  const seen = new Set();
  for (const one of get('elementRegistry').getAll()) {
    const object = one.businessObject;
    const defined = (object.eventDefinitions ?? []).map(({ $type }) => $type);
    const kind = one.type + defined + Boolean(object.loopCharacteristics);
    if (one.labelTarget || seen.has(kind)) continue;
    seen.add(kind);
    get('selection').select(one);
    await wait(60);
    const menus = one.parent ? ['bpmn-replace', 'bpmn-append', 'color-picker'] : ['bpmn-create'];
    for (const menu of menus.filter((menu) => !get('popupMenu').isEmpty(one, menu))) {
      get('popupMenu').open(one, menu, { x: 200, y: 200 });
      await wait(40);
      get('popupMenu').close();
    }
  }
  return seen.size;
}"""
LATIN = """() => {
  const own = '.code, code, .djs-visual, [contenteditable], option, .where, h1, .chips, datalist, textarea,'
    + ' input, .fjs-form, .bio-properties-panel-header-label, .definition-id, .decision-table-properties,'
    + ' .input-variable, .output-variable, .annotation, .called, .viewer-form,'
    + ' .bio-properties-panel-collapsible-entry-header-title';
  const found = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const place = text.parentElement;
    if (place.closest(own) || !place.closest('#studio') || place.matches('style, script')) continue;
    if (/[A-Za-z]{3}/.test(text.data)) found.add(text.data.trim());
  }
  for (const place of document.querySelectorAll('#studio [title], #studio [placeholder]')) {
    if (place.closest('.djs-visual, .chips, #names, .found')) continue;
    for (const text of [place.title, place.placeholder ?? '']) if (/[A-Za-z]{3}/.test(text)) found.add(text);
  }
  return [...found];
}"""
SAME_IN_CHINESE = re.compile(
    r"^([a-z]+(-[a-z]+)+|BPMN|CMMN|DMN|HTML|JSON|FEEL|yyyy/mm/dd|(Powered by )?bpmn\.io|.*\$\{due\}.*"
    r"|.*verdict.*|.*[\u4e00-\u9fff].*)$",
    re.IGNORECASE,
)


def test_everything_is_said_in_chinese(enter: Callable[..., Studio]) -> None:
    studio = enter()
    left: dict[str, Any] = {}
    for diagram in (DIAGRAM, "bpmn/annual_performance.bpmn", "bpmn/rectification.bpmn"):
        studio.open(diagram)
        assert studio.page.evaluate(WALK) > 8
        left[diagram] = studio.page.evaluate("studio.missing()") + studio.page.evaluate(LATIN)
    studio.page.locator(".bts-toggle-mode").click()
    left["simulation"] = studio.page.evaluate(LATIN)
    studio.open(TABLE)
    for tab in studio.page.locator("#tabs button").all():
        tab.click()
        studio.page.wait_for_timeout(300)
        shown = studio.page.evaluate("studio.missing()") + studio.page.evaluate(LATIN)
        left[f"{TABLE} {tab.inner_text()}"] = shown
    studio.open(FORM)
    for kind in studio.page.locator(".fjs-element").all()[:12]:
        kind.click(force=True, position={"x": 5, "y": 5})
        studio.page.wait_for_timeout(100)
        left[FORM] = left.get(FORM, []) + studio.page.evaluate(LATIN)
    unsaid = {
        place: [text for text in texts if not SAME_IN_CHINESE.match(text)] for place, texts in left.items()
    }
    assert {place: texts for place, texts in unsaid.items() if texts} == {}
