"""Element templates: ready-made steps of approvals for diagram editors, ours and the desktop modeler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.web.language import Translator
from server.web.language import mark as _

Template = dict[str, Any]
Choices = Sequence[tuple[str, str]]
"""What can be chosen: value and how it reads."""

_CITATIONS = r"^([a-z][a-z0-9_]*#[0-9]+[0-9.p]*)?( [a-z][a-z0-9_]*#[0-9]+[0-9.p]*)*$"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of a template. `name` is an attribute, or behind `property:` one of the element's
    camunda:properties; `area` tells which names of a jurisdiction it takes, `options` which values at all."""

    label: str
    group: str
    name: str
    value: str = ""
    hint: str = ""
    needed: bool = False
    area: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """A template: its title, what it is for, to which elements it applies, its fields, what goes without
    asking."""

    id: str
    title: str
    told: str
    applies_to: tuple[str, ...]
    fields: tuple[str, ...]
    fixed: str = ""


_GROUPS = {
    "who": _("Who and what"),
    "time": _("Limit"),
    "basis": _("Statutory basis"),
    "back": _("Return and taking back"),
    "rounds": _("Opinions"),
    "decision": _("Decision"),
    "call": _("Called process"),
    "outcome": _("Outcome"),
}
_SHAPES = {
    "singleEntry": _("one value"),
    "singleResult": _("one row of values"),
    "collectEntries": _("list of one column"),
    "resultList": _("list of rows"),
}
_FIELDS = {
    "groups": _Field(
        _("Candidate posts"), "who", "camunda:candidateGroups", needed=True,
        hint=_("Ids of posts, a comma between; a variable as ${variable}"),
    ),
    "form": _Field(
        _("Form"), "who", "camunda:formRef", needed=True, area="forms",
        hint=_("Materials are the file fields of the form."),
    ),
    "due": _Field(
        _("Day it is due"), "time", "camunda:dueDate",
        hint=_("The variable that holds the limit, as ${due}. Days stand in decision tables."),
    ),
    "regulation": _Field(
        _("Statutory basis"), "basis", "property:regulation",
        hint=_("Such as hongshan#12.1; a blank between several; items as 12.1, paragraphs as 8p2"),
    ),
    "return_to": _Field(
        _("May be returned to"), "back", "property:returnTo", hint=_("Ids of earlier tasks, a blank between")
    ),
    "withdraw": _Field(
        _("Its sender may take it back"), "back", "property:withdrawable", "false",
        options={"false": _("no"), "true": _("yes")},
    ),
    "collection": _Field(
        _("List that gathers the results"), "rounds", "property:outputCollection", "opinions"
    ),
    "element": _Field(
        _("What each round adds (FEEL)"), "rounds", "property:outputElement",
        "{verdict: verdict, opinion: opinion_text}",
    ),
    "rejection": _Field(
        _("What one rejection does"), "rounds", "property:onRejection", "counts",
        options={
            "counts": _("all are heard, then they are counted"), "ends": _("it ends the round at once"),
            "returns": _("who rejects sends the case back"),
        },
    ),
    "signer": _Field(
        _("Item of a signer who is added (FEEL)"), "rounds", "property:signerItem",
        hint=_("Of person (id, account, name, post, unit) or group; empty: nobody can be added"),
    ),
    "add_signers": _Field(
        _("Signers may be added"), "back", "property:addSigners", "before after",
        options={
            "before after": _("before and after"), "before": _("before only"), "after": _("after only"),
            "none": _("not at all"),
        },
    ),
    "decision": _Field(
        _("Decision"), "decision", "camunda:decisionRef", needed=True, area="decisions"
    ),
    "limit": _Field(_("Decision"), "decision", "camunda:decisionRef", needed=True, area="limits"),
    "variable": _Field(
        _("Result variable"), "decision", "camunda:resultVariable", "result", needed=True
    ),
    "value": _Field(
        _("Shape of the result"), "decision", "camunda:mapDecisionResult", "singleEntry", options=_SHAPES
    ),
    "row": _Field(
        _("Shape of the result"), "decision", "camunda:mapDecisionResult", "singleResult", options=_SHAPES
    ),
    "deadline": _Field(_("Variable of the limit"), "time", "property:deadlineVariable", "due"),
    "from": _Field(_("The limit runs from"), "time", "property:deadlineFrom"),
    "process": _Field(_("Process"), "call", "calledElement", needed=True, area="processes"),
    "outcome": _Field(_("Outcome"), "outcome", "property:outcome"),
}  # fmt: skip
_HUMAN = ("groups", "form", "due", "regulation")
_STEPS = (
    _Step(
        "approval", _("Approval step"),
        _("A step that people decide: candidate posts, form with its materials, limit, basis, return."),
        ("bpmn:UserTask",), (*_HUMAN, "return_to", "withdraw", "add_signers"), "camunda:formRefBinding",
    ),
    _Step(
        "countersign", _("Countersigning"),
        _("Several people are asked at once. The desktop modeler needs the mark of several instances set by "
          "hand; the studio sets it."),
        ("bpmn:UserTask",), (*_HUMAN, "collection", "element", "rejection", "signer"),
        "camunda:formRefBinding",
    ),
    _Step(
        "filing", _("Filing"),
        _("A step that takes something on record: who receives it, the form, the basis. No verdict."),
        ("bpmn:UserTask",), _HUMAN, "camunda:formRefBinding",
    ),
    _Step(
        "decision", _("Decision"),
        _("A step that a decision table decides. Figures stand in the table only."),
        ("bpmn:BusinessRuleTask",), ("decision", "variable", "value", "regulation"),
        "camunda:decisionRefBinding",
    ),
    _Step(
        "limit", _("Setting a limit"),
        _("A decision that gives the limit; the business calendar makes a date of it."),
        ("bpmn:BusinessRuleTask",), ("limit", "variable", "row", "deadline", "from", "regulation"),
        "camunda:decisionRefBinding",
    ),
    _Step(
        "call", _("Call of a process"), _("Calls a process of this jurisdiction or a shared one."),
        ("bpmn:CallActivity",), ("process", "regulation"), "camunda:calledElementBinding",
    ),
    _Step(
        "node", _("Basis"), _("States the basis of a gateway or an event."),
        ("bpmn:Gateway", "bpmn:Event"), ("regulation",),
    ),
    _Step(
        "outcome", _("Outcome of a case"), _("An end event: with which outcome the case ends."),
        ("bpmn:EndEvent",), ("outcome", "regulation"),
    ),
)  # fmt: skip


def templates(words: Translator, choices: Mapping[str, Choices] | None = None) -> list[Template]:
    """All templates in a language.

    Args:
        words: translates what people read.
        choices: by area (`forms`, `decisions`, `limits`, `processes`) what a jurisdiction has to choose from;
            in areas that are missing the name is typed.
    """
    return [_template(step, words, choices or {}) for step in _STEPS]


def _template(step: _Step, words: Translator, choices: Mapping[str, Choices]) -> Template:
    say = words.gettext
    groups = dict.fromkeys(_FIELDS[name].group for name in step.fields)
    properties = [_property(name, _FIELDS[name], words, choices) for name in step.fields]
    if step.fixed:
        binding = {"type": "property", "name": step.fixed}
        properties.append({"id": "binding", "type": "Hidden", "value": "deployment", "binding": binding})
    return {
        "name": say(step.title), "id": f"guicheng.{step.id}", "version": 1, "description": say(step.told),
        "appliesTo": list(step.applies_to), "category": {"id": "guicheng", "name": say(_("Guicheng"))},
        "groups": [{"id": group, "label": say(_GROUPS[group])} for group in groups],
        "entriesVisible": True, "properties": properties,
    }  # fmt: skip


def _property(name: str, one: _Field, words: Translator, choices: Mapping[str, Choices]) -> Template:
    say = words.gettext
    offered = [(value, say(told)) for value, told in one.options.items()]
    if choices.get(one.area):
        offered = [("", say(_("(none)"))), *choices[one.area]]
    kept = one.name.removeprefix("property:")
    made: Template = {
        "id": name, "label": say(one.label), "type": "Dropdown" if offered else "String", "group": one.group,
        "value": one.value,
        "binding": {"type": "property" if kept == one.name else "camunda:property", "name": kept},
    }  # fmt: skip
    if offered:
        made["choices"] = [{"name": read, "value": value} for value, read in offered]
    if one.hint:
        made["description"] = say(one.hint)
    return made | _constraints(name, one, words)


def _constraints(name: str, one: _Field, words: Translator) -> Template:
    if name == "regulation":
        told = words.gettext(_("Write instrument#article.item, for example hongshan#12.1"))
        return {"constraints": {"pattern": {"value": _CITATIONS, "message": told}}}
    return {"constraints": {"notEmpty": True}} if one.needed else {}
