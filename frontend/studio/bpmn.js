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
import { severity } from "./findings.js";
import { lint } from "./lint.js";
import { element, send } from "./page.js";
import { guichengFields } from "./fields.js";
import { templatesFillOnly } from "./templates.js";
import { translation } from "./words.js";

const ROOM = { left: 90, right: 40, top: 90, bottom: 70 }; // pixels for the palette, the switches above and the bpmn.io mark

function modeler(desk) {
  return new Modeler({
    container: desk.canvas,
    propertiesPanel: { parent: "#properties" },
    linting: { bpmnlint: lint(desk.texts), active: true },
    additionalModules: [
      ElementTemplateChooserModule, SimulationModule, LintModule, templatesFillOnly,
      guichengFields(desk.vocabulary, desk.texts, desk.facts), translation,
    ],
  });
}

function fit(canvas) {
  const { inner, outer } = canvas.viewbox();
  const [width, height] = [outer.width - ROOM.left - ROOM.right, outer.height - ROOM.top - ROOM.bottom];
  const scale = Math.min(1, width / inner.width, height / inner.height);
  if (!(scale > 0)) return; // nothing is drawn, or there is no room to draw in
  canvas.viewbox({
    x: inner.x - ROOM.left / scale, y: inner.y - ROOM.top / scale,
    width: outer.width / scale, height: outer.height / scale,
  });
}

/** A diagram's editor, or its viewer where somebody else is writing. */
class DiagramEditor {
  constructor(desk) {
    this.desk = desk;
    this.tool = desk.readonly ? new Viewer({ container: desk.canvas, additionalModules: [translation] }) : modeler(desk);
    this.get = (name) => this.tool.get(name);
    this.shown = false;
  }

  async show(xml) {
    this.shown = false;
    await this.tool.importXML(xml);
    fit(this.get("canvas"));
    this.shown = true;
  }

  watch() {
    this.tool.on("commandStack.changed", () => this.shown && this.desk.changed());
    this.tool.on("selection.changed", ({ newSelection }) => {
      const ids = newSelection.map(({ id }) => id);
      this.desk.findings.choose(this.desk.findings.at(...ids), false);
    });
  }

  async content() {
    const { xml } = await this.tool.saveXML({ format: true });
    return xml;
  }

  mark(findings) {
    const overlays = this.get("overlays");
    overlays.remove({ type: "finding" });
    for (const [id, here] of grouped(findings)) {
      if (!this.get("elementRegistry").get(id)) continue;
      const told = here.map(({ message }) => message).join("\n");
      const html = element("button", { type: "button", class: `mark ${severity(here)}`, title: told, "aria-label": told }, String(here.length));
      html.addEventListener("click", () => { this.select(id); this.desk.findings.choose(here); });
      overlays.add(id, "finding", { position: { top: -13, left: -13 }, html });
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
  const editor = new DiagramEditor(desk);
  window.studio.tool = editor.tool;
  if (!desk.readonly) {
    const templates = await send(desk.facts.templates);
    editor.tool.on("elementTemplates.errors", ({ errors }) => console.error(...errors));
    // their fields are those of our own group, which lets several be chosen and shows what each one is
    editor.get("elementTemplatesLoader").setTemplates(templates.map(hidden));
    editor.watch();
  }
  return editor;
});

function hidden(template) {
  const quiet = ({ id, value, binding, generatedValue }) => ({ id, value, binding, generatedValue, type: "Hidden" });
  return { ...template, groups: undefined, entriesVisible: true, properties: template.properties.map(quiet) };
}
