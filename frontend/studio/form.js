// The editor of forms, with the properties that Guicheng reads.
import "@bpmn-io/form-js/dist/assets/form-js.css";
import "@bpmn-io/form-js/dist/assets/form-js-editor.css";
import "@bpmn-io/form-js/dist/assets/properties-panel.css";

import { FormEditor as Editor } from "@bpmn-io/form-js-editor";
import { Form } from "@bpmn-io/form-js-viewer";

import { Desk } from "./desk.js";
import { jsonLike } from "./faithful.js";
import { severity } from "./findings.js";
import { guichengGroup } from "./form_fields.jsx";
import { later } from "./page.js";

class FormEditor {
  constructor(desk) {
    this.desk = desk;
    this.tool = desk.readonly
      ? new Form({ container: desk.canvas, properties: { readOnly: true } })
      : new Editor({ container: desk.canvas });
    this.marks = [];
    this.repaint = later(() => this.paint(), 60);
    new MutationObserver(() => this.repaint()).observe(desk.canvas, { childList: true, subtree: true });
    if (desk.readonly) return;
    const get = (name) => this.tool.get(name);
    get("propertiesPanel").registerProvider(guichengGroup(desk.vocabulary, desk.texts), 400);
    this.tool.on("changed", () => this.shown && desk.changed());
    get("eventBus").on("selection.changed", ({ selection }) => {
      if (selection) desk.findings.choose(desk.findings.at(selection.id, selection.key), false);
    });
  }

  async show(text) {
    this.shown = false;
    this.before = text;
    await this.tool.importSchema(JSON.parse(text));
    this.shown = true;
  }

  async content() {
    return jsonLike(this.tool.saveSchema(), this.before);
  }

  mark(findings) {
    this.marks = findings;
    this.paint();
  }

  paint() {
    const canvas = this.desk.canvas;
    for (const old of canvas.querySelectorAll(".found")) old.classList.remove("found", "error", "warning", "info");
    for (const finding of this.marks) {
      const field = this.field(finding);
      const place = field && canvas.querySelector(`[data-id="${CSS.escape(field.id)}"]`);
      if (!place) continue;
      const here = this.marks.filter((other) => this.field(other) === field);
      place.classList.add("found", severity(here));
      place.title = here.map(({ message }) => message).join("\n");
    }
  }

  /** A finding names a field by its id or by its key. */
  field({ element, field }) {
    if (this.desk.readonly) return null;
    const fields = this.tool.get("formFieldRegistry").getAll();
    return fields.find(({ id }) => id === element || id === field) ?? fields.find(({ key }) => key && (key === element || key === field));
  }

  reveal(finding) {
    const field = this.field(finding);
    if (!field) return;
    this.tool.get("selection").set(field);
    this.desk.canvas.querySelector(`[data-id="${CSS.escape(field.id)}"]`)?.scrollIntoView({ block: "center" });
  }
}

new Desk().open(async (desk) => {
  const editor = new FormEditor(desk);
  window.studio.tool = editor.tool;
  return editor;
});
