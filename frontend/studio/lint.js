// What is seen wrong while drawing, without asking the server: form of the diagram, and fields a step cannot do without.
import conditionalFlows from "bpmnlint/rules/conditional-flows";
import duplicateFlows from "bpmnlint/rules/no-duplicate-sequence-flows";
import endRequired from "bpmnlint/rules/end-event-required";
import fakeJoin from "bpmnlint/rules/fake-join";
import gatewayJoinFork from "bpmnlint/rules/no-gateway-join-fork";
import implicitSplit from "bpmnlint/rules/no-implicit-split";
import labelRequired from "bpmnlint/rules/label-required";
import linkEvent from "bpmnlint/rules/link-event";
import noDisconnected from "bpmnlint/rules/no-disconnected";
import startRequired from "bpmnlint/rules/start-event-required";
import superfluousGateway from "bpmnlint/rules/superfluous-gateway";
import { is } from "bpmnlint-utils";

const given = (node, name) => Boolean(node.get(name));

/** A step that people do: somebody who may do it, and a form. */
const humanStep = (texts) => () => ({
  check(node, reporter) {
    if (!is(node, "bpmn:UserTask")) return;
    const who = ["camunda:candidateGroups", "camunda:candidateUsers", "camunda:assignee"];
    if (!who.some((name) => given(node, name))) reporter.report(node.id, texts.lint_no_candidates);
    if (!given(node, "camunda:formRef")) reporter.report(node.id, texts.lint_no_form);
  },
});

const decisionStep = (texts) => () => ({
  check(node, reporter) {
    if (is(node, "bpmn:BusinessRuleTask") && !given(node, "camunda:decisionRef")) reporter.report(node.id, texts.lint_no_decision);
  },
});

const scripts = (texts) => () => ({
  check(node, reporter) {
    if (is(node, "bpmn:ScriptTask")) reporter.report(node.id, texts.lint_no_scripts);
  },
});

/** The linter's configuration; `texts` holds what our own rules say. */
export function lint(texts) {
  const rules = {
    "conditional-flows": [conditionalFlows, "error", "gateway-has-default"],
    "end-event-required": [endRequired, "error", "end-reachable"],
    "fake-join": [fakeJoin, "warn", "everything-connected"],
    "link-event": [linkEvent, "error", "only-supported-elements"],
    "no-disconnected": [noDisconnected, "error", "everything-connected"],
    "no-duplicate-sequence-flows": [duplicateFlows, "error", "everything-connected"],
    "no-gateway-join-fork": [gatewayJoinFork, "warn", "gateway-has-default"],
    "no-implicit-split": [implicitSplit, "error", "gateway-has-default"],
    "start-event-required": [startRequired, "error", "everything-connected"],
    "superfluous-gateway": [superfluousGateway, "warn", "gateway-has-default"],
    "human-step": [humanStep(texts), "error", "user-task-has-candidates"],
    "decision-step": [decisionStep(texts), "error", "decision-exists"],
    "no-scripts": [scripts(texts), "error", "no-scripts"],
    "activity-label": [labelled(labelRequired), "warn", "labels-present"],
  };
  return {
    resolver: {
      resolveRule: (_package, name) => explained(rules[name][0], rules[name][2]),
      resolveConfig: () => { throw new Error("there is none"); },
    },
    config: { rules: Object.fromEntries(Object.entries(rules).map(([name, [, level]]) => [name, level])) },
  };
}

/** A rule whose findings lead to our own page about them: this network may be a closed one. */
const explained = (rule, page) => () => {
  const inner = rule();
  return { ...inner, meta: { ...inner.meta, documentation: { url: `/checks/${page}` } } };
};

/** Names are asked of activities and of gateways that decide; joins and events may speak by their place. */
const labelled = (rule) => () => {
  const inner = rule();
  return { check: (node, reporter) => is(node, "bpmn:Activity") && inner.check(node, reporter) };
};
