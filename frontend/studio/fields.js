// The fields that Guicheng reads, as one group on top of the panel; what can be chosen is chosen, not typed blind.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { isCheckboxEntryEdited, isSelectEntryEdited, isTextFieldEntryEdited } from "@bpmn-io/properties-panel";

import { Choose, Facts, Many, Tick, Write, isManyEdited } from "./entries.jsx";
import { code, label } from "./names.js";
import { attribute, property } from "./places.js";

// What the engine here refuses; shown only where a diagram from elsewhere has some, so that it can be taken out.
const NOT_RUN = ["CamundaPlatform__ExecutionListener", "CamundaPlatform__TaskListener", "CamundaPlatform__FieldInjection"];

/** The module; `vocabulary` is what the draft has. */
export function guichengFields(vocabulary, texts, facts) {
  class GuichengFields {
    constructor(propertiesPanel, elementRegistry) {
      this.registry = elementRegistry;
      propertiesPanel.registerProvider(400, this);
    }

    getGroups(element) {
      return (offered) => {
        const groups = offered.filter(({ id, items }) => !NOT_RUN.includes(id) || items?.length);
        const entries = fieldsOf(element, this.registry, new Choices(vocabulary), texts, facts);
        if (!entries.length) return groups;
        const ours = { id: "guicheng", label: texts.group, entries, shouldOpen: true };
        const after = groups.findIndex(({ id }) => id === "general") + 1;
        return [...groups.slice(0, after), ours, ...groups.slice(after)];
      };
    }
  }
  GuichengFields.$inject = ["propertiesPanel", "elementRegistry"];
  return { __init__: ["guichengFields"], guichengFields: ["type", GuichengFields] };
}

class Choices {
  constructor(vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** Options of an area: [{value, label}]. */
  of(area) {
    return (this.vocabulary[area] ?? []).map((entry) => {
      const value = code(area, entry);
      const read = label(area, entry);
      return { value, label: read ? `${read} (${value})` : value, read };
    });
  }

  find(area, id) {
    return (this.vocabulary[area] ?? []).find((entry) => code(area, entry) === id);
  }
}

function fieldsOf(element, registry, choices, texts, facts) {
  const made = [];
  const add = (id, component, more = {}, isEdited = isTextFieldEntryEdited) =>
    made.push({ id: `guicheng-${id}`, element, component, isEdited, ...more });
  const many = (id, place, label, options, separator = " ", description = "") =>
    add(id, Many, { place, label, options, separator, description, texts }, isManyEdited);
  const choose = (id, place, label, options, description = "") =>
    add(id, Choose, { place, label, options, description, texts }, isSelectEntryEdited);
  const write = (id, place, label, description = "") =>
    add(id, Write, { place, label, description }, isTextFieldEntryEdited);
  const object = getBusinessObject(element);

  if (is(element, "bpmn:UserTask")) {
    many("groups", attribute("camunda:candidateGroups"), texts.candidate_groups, choices.of("groups"), ",");
    form(choose, add, object, choices, texts, facts);
    write("due", attribute("camunda:dueDate"), texts.due, texts.due_hint);
    many("returnTo", property("returnTo"), texts.return_to, otherTasks(element, registry), " ");
    add("withdrawable", Tick, { place: property("withdrawable"), label: texts.withdrawable }, isCheckboxEntryEdited);
    write("outcome", property("outcome"), texts.task_outcome, texts.task_outcome_hint);
  }
  if (is(element, "bpmn:StartEvent") && !object.get("eventDefinitions")?.length) form(choose, add, object, choices, texts, facts);
  if (is(element, "bpmn:BusinessRuleTask")) decision(choose, write, add, object, choices, texts, facts);
  if (is(element, "bpmn:CallActivity")) choose("process", attribute("calledElement", { "camunda:calledElementBinding": "deployment" }), texts.called, choices.of("processes"));
  if (is(element, "bpmn:EndEvent")) write("outcome", property("outcome"), texts.end_outcome, texts.end_outcome_hint);
  if (waits(element, object)) many("deliveredBy", property("deliveredBy"), texts.delivered_by, choices.of("groups"), " ");
  if (object.get("loopCharacteristics")?.$type === "bpmn:MultiInstanceLoopCharacteristics") {
    write("outputCollection", property("outputCollection"), texts.output_collection);
    write("outputElement", property("outputElement"), texts.output_element);
  }
  const cites = ["bpmn:FlowNode", "bpmn:Process", "bpmn:Participant", "bpmn:SequenceFlow"].some((type) => is(element, type));
  if (cites) many("regulation", property("regulation"), texts.basis, choices.of("articles"), " ", texts.basis_hint);
  return made;
}

function form(choose, add, object, choices, texts, facts) {
  choose("form", attribute("camunda:formRef", { "camunda:formRefBinding": "deployment" }), texts.form, choices.of("forms"));
  const chosen = choices.find("forms", object.get("camunda:formRef"));
  if (!chosen) return;
  const lines = (chosen.fields ?? []).filter(({ type }) => type === "filepicker").map((field) => field.label || field.key);
  add("materials", Facts, { label: texts.materials, lines, none: texts.no_materials, link: opened(chosen, facts), open: texts.open_form }, () => false);
}

function decision(choose, write, add, object, choices, texts, facts) {
  choose("decision", attribute("camunda:decisionRef", { "camunda:decisionRefBinding": "deployment" }), texts.decision, choices.of("decisions"));
  const chosen = choices.find("decisions", object.get("camunda:decisionRef"));
  if (chosen) {
    const side = (word, entries) => `${word} ${(entries ?? []).map((one) => one.label || one.name || one).join("、")}`;
    const lines = [side(texts.inputs, chosen.inputs), side(texts.outputs, chosen.outputs)];
    add("decision-facts", Facts, { label: "", lines, link: opened(chosen, facts), open: texts.open_decision }, () => false);
  }
  write("result", attribute("camunda:resultVariable"), texts.result_variable);
  choose("map", attribute("camunda:mapDecisionResult"), texts.result_shape, [
    { value: "singleEntry", label: texts.single_entry }, { value: "singleResult", label: texts.single_result },
    { value: "collectEntries", label: texts.collect_entries }, { value: "resultList", label: texts.result_list },
  ]);
  write("deadline", property("deadlineVariable"), texts.deadline_variable, texts.deadline_hint);
  const inputs = (chosen?.inputs ?? []).map((one) => ({ value: one.name ?? one, label: one.label ? `${one.label} (${one.name})` : (one.name ?? one) }));
  choose("deadlineFrom", property("deadlineFrom"), texts.deadline_from, inputs);
}

function opened(entry, facts) {
  return entry.file ? facts.edit + entry.file : undefined;
}

function waits(element, object) {
  if (is(element, "bpmn:ReceiveTask")) return true;
  const caught = is(element, "bpmn:CatchEvent") && (object.get("eventDefinitions") ?? []);
  return Boolean(caught) && caught.some(({ $type }) => $type === "bpmn:MessageEventDefinition");
}

function otherTasks(element, registry) {
  return registry.filter((other) => is(other, "bpmn:UserTask") && other.id !== element.id && !other.labelTarget)
    .map(({ id, businessObject }) => ({ value: id, label: `${businessObject.name ?? ""} (${id})`, read: businessObject.name }));
}
