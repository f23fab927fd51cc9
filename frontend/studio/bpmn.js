// The editor of diagrams: modeler for the fields of Camunda 7, with this jurisdiction's names, lint and simulation.
import ElementTemplateChooserModule from "@bpmn-io/element-template-chooser";
import LintModule from "bpmn-js-bpmnlint";
import SimulationModule from "bpmn-js-token-simulation";
import Modeler from "camunda-bpmn-js/lib/camunda-platform/Modeler";
import Viewer from "camunda-bpmn-js/lib/camunda-platform/NavigatedViewer";

import "@bpmn-io/element-template-chooser/dist/element-template-chooser.css";
import "bpmn-js-bpmnlint/dist/assets/css/bpmn-js-bpmnlint.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "camunda-bpmn-js/dist/assets/camunda-platform-modeler.css";

import { Desk } from "./desk.js";
import { xmlLike } from "./faithful.js";
import { fit } from "./drd.js";
import { severity } from "./findings.js";
import { lint } from "./lint.js";
import { element, send } from "./page.js";
import { guichengFields } from "./fields.js";
import { approvalSteps } from "./steps.js";
import { prepare, templatesFillOnly } from "./templates.js";
import { translation } from "./words.js";

const ROOM = { left: 90, right: 40, top: 90, bottom: 70 }; // pixels for the palette, the switches above and the bpmn.io mark

function modeler(desk, templates) {
  return new Modeler({
    container: desk.canvas,
    propertiesPanel: { parent: "#properties" },
    linting: { bpmnlint: lint(desk.texts), active: true },
    additionalModules: [
      ElementTemplateChooserModule, SimulationModule, LintModule, templatesFillOnly,
      approvalSteps(templates, desk.texts, prepare),
      guichengFields(desk.vocabulary, desk.texts, desk.facts), translation,
    ],
  });
}

/** A diagram's editor, or its viewer where somebody else is writing. */
class DiagramEditor {
  constructor(desk, templates) {
    this.desk = desk;
    this.tool = desk.readonly
      ? new Viewer({ container: desk.canvas, additionalModules: [translation] })
      : modeler(desk, templates);
    this.get = (name) => this.tool.get(name);
    this.shown = false;
  }

  async show(xml) {
    this.shown = false;
    this.before = xml;
    const { warnings } = await this.tool.importXML(xml);
    this.desk.incomplete(warnings);
    fit(this.get("canvas"), ROOM);
    this.shown = true;
  }

  watch() {
    // the menus search at each key; an input method that is clicked, or pasting, presses none
    document.addEventListener("input", ({ target }) => {
      if (target.closest(".djs-popup-search")) target.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
    });
    this.tool.on("commandStack.changed", () => this.shown && this.desk.changed());
    this.tool.on("selection.changed", ({ newSelection }) => {
      const ids = newSelection.map(({ id }) => id);
      this.desk.findings.choose(this.desk.findings.at(...ids), false);
    });
  }

  async content() {
    const { xml } = await this.tool.saveXML({ format: true });
    return xmlLike(xml, this.before);
  }

  mark(findings) {
    const overlays = this.get("overlays");
    overlays.remove({ type: "finding" });
    for (const [id, here] of grouped(findings)) {
      if (!this.get("elementRegistry").get(id)) continue;
      const told = here.map(({ message }) => message).join("\n");
      const html = element("button", { type: "button", class: `mark ${severity(here)}`, title: told, "aria-label": told }, String(here.length));
      html.addEventListener("click", () => { this.select(id); this.desk.findings.choose(here); });
      overlays.add(id, "finding", { position: { top: -13, left: -13 }, scale: { min: 1 }, html });
    }
  }

  reveal({ element: id }) {
    const found = this.get("elementRegistry").get(id);
    if (!found) return;
    this.get("canvas").scrollToElement(found, 120);
    this.select(id);
  }

  select(id) {
    this.get("selection").select(this.get("elementRegistry").get(id));
  }
}

function grouped(findings) {
  const places = new Map();
  for (const finding of findings) places.set(finding.element, [...(places.get(finding.element) ?? []), finding]);
  return places;
}

new Desk().open(async (desk) => {
  const templates = desk.readonly ? [] : await send(desk.facts.templates);
  const editor = new DiagramEditor(desk, templates);
  window.studio.tool = editor.tool;
  if (desk.readonly) return editor;
  editor.tool.on("elementTemplates.errors", ({ errors }) => console.error(...errors));
  // their fields are those of our own group, which lets several be chosen and shows what each one is
  editor.get("elementTemplatesLoader").setTemplates(templates.map(hidden));
  editor.watch();
  return editor;
});

function hidden(template) {
  const quiet = ({ id, value, binding, generatedValue }) => ({ id, value, binding, generatedValue, type: "Hidden" });
  return { ...template, groups: undefined, entriesVisible: true, properties: template.properties.map(quiet) };
}
