// The editor of decisions: tables, requirement graphs, literal expressions.
import { CamundaPlatformModeler as Modeler } from "camunda-dmn-js";
import Viewer from "dmn-js/lib/NavigatedViewer";

import "camunda-dmn-js/dist/assets/camunda-platform-modeler.css";

import { Desk } from "./desk.js";
import { xmlLike } from "./faithful.js";
import { fit, showLabels } from "./drd.js";
import { severity } from "./findings.js";
import { element, later, one } from "./page.js";
import { translation } from "./words.js";

const OPENED_FIRST = ["decisionTable", "literalExpression", "boxedExpression", "drd"];

class DecisionEditor {
  constructor(desk) {
    this.desk = desk;
    const modules = { additionalModules: [translation] };
    const kinds = { drd: modules, decisionTable: modules, literalExpression: modules, boxedExpression: modules };
    const options = { container: desk.canvas, common: { ...modules }, ...kinds };
    options.drd = { ...modules, propertiesPanel: { parent: "#properties" } };
    this.tool = desk.readonly ? new Viewer(options) : new Modeler(options);
    this.marks = [];
    this.watched = new WeakSet();
    this.repaint = later(() => this.paint(), 60);
    new MutationObserver((changes) => changes.some(real) && this.repaint()).observe(desk.canvas, { childList: true, subtree: true });
    desk.canvas.addEventListener("click", ({ target }) => this.clicked(target));
    this.tool.on("views.changed", () => this.viewed());
  }

  async show(xml) {
    this.shown = false;
    this.before = xml;
    const { warnings } = await this.tool.importXML(xml, { open: false });
    this.desk.incomplete(warnings);
    const views = this.tool.getViews();
    const first = views.filter(({ type }) => type !== "drd").length === 1
      ? OPENED_FIRST.map((type) => views.find((view) => view.type === type)).find(Boolean)
      : (views.find(({ type }) => type === "drd") ?? views[0]);
    if (first) await this.tool.open(first);
    this.shown = true;
  }

  async content() {
    const { xml } = await this.tool.saveXML({ format: true });
    return xmlLike(xml, this.before);
  }

  viewed() {
    const viewer = this.tool.getActiveViewer();
    const active = this.tool.getActiveView();
    if (viewer && !this.watched.has(viewer)) {
      this.watched.add(viewer);
      viewer.on("commandStack.changed", () => this.shown && this.desk.changed());
    }
    const graph = active?.type === "drd";
    if (graph && this.shownView !== active.element) {
      showLabels(viewer);
      fit(viewer.get("canvas"));
    }
    this.shownView = active?.element;
    one("#side").classList.toggle("with-properties", graph && !this.desk.readonly);
    this.showTabs(active);
    this.repaint();
  }

  showTabs(active) {
    const tabs = this.tool.getViews().map((view) => {
      const name = view.type === "drd" ? this.desk.texts.requirements : (view.element.label || view.name || view.id);
      const tab = element("button", { type: "button", role: "tab", "aria-selected": String(view.element === active?.element && view.type === active?.type) }, name);
      tab.addEventListener("click", () => this.tool.open(view));
      return tab;
    });
    one("#tabs").replaceChildren(...tabs);
    one("#tabs").hidden = tabs.length < 2;
  }

  mark(findings) {
    this.marks = findings;
    this.paint();
  }

  /** Put the marks on what is drawn now: the table draws itself anew whenever it is scrolled or edited. */
  paint() {
    for (const old of this.desk.canvas.querySelectorAll(".found")) old.classList.remove("found", "error", "warning", "info");
    for (const [place, findings] of this.places()) {
      place.classList.add("found", severity(findings));
      place.title = findings.map(({ message }) => message).join("\n");
    }
    const viewer = this.tool.getActiveViewer();
    if (this.tool.getActiveView()?.type === "drd" && viewer) this.paintGraph(viewer.get("canvas"), viewer.get("elementRegistry"));
  }

  paintGraph(canvas, registry) {
    for (const id of this.onGraph ?? []) if (registry.get(id)) canvas.removeMarker(id, "has-finding");
    this.onGraph = [...new Set(this.marks.map((finding) => this.decisionOf(finding)?.id).filter((id) => id && registry.get(id)))];
    for (const id of this.onGraph) canvas.addMarker(id, "has-finding");
  }

  places() {
    const found = new Map();
    for (const finding of this.marks) {
      for (const place of this.drawn(finding)) found.set(place, [...(found.get(place) ?? []), finding]);
    }
    return found;
  }

  /** Where a finding shows: its cell, else its column's head, else the number of its row, else the table's head. */
  drawn({ element: id, row, field }) {
    if (!id) return [];
    const all = (selector) => [...this.desk.canvas.querySelectorAll(selector)];
    const name = CSS.escape(id);
    const table = this.table(id);
    const column = table && [...(table.get("input") ?? []), ...(table.get("output") ?? [])].find((one) => field && [one.label, one.name].includes(field));
    const cell = column && all(`td[data-row-id="${name}"][data-col-id="${CSS.escape(column.id)}"]`);
    if (cell?.length) return cell;
    const cells = all(`td[data-element-id="${name}"], th[data-col-id="${name}"]`);
    if (cells.length) return cells;
    if (column && !row) return all(`th[data-col-id="${CSS.escape(column.id)}"]`);
    const rule = CSS.escape(table?.get("rule")?.[row - 1]?.id ?? id);
    const rows = all(`td.rule-index[data-element-id="${rule}"], td.rule-index[data-row-id="${rule}"]`);
    return rows.length || !table ? rows : all(".decision-table-properties");
  }

  table(id) {
    const active = this.tool.getActiveView();
    const logic = active?.element?.get?.("decisionLogic");
    const ids = [active?.element.id, logic?.id, ...(logic?.get?.("rule") ?? []).map((rule) => rule.id)];
    return active?.type === "decisionTable" && ids.includes(id) ? logic : null;
  }

  clicked(target) {
    const ids = ["elementId", "rowId", "colId"].map((name) => target.closest(`[data-${name.replace("Id", "-id")}]`)?.dataset[name]);
    const here = this.places().get(target.closest(".found")) ?? this.desk.findings.at(...ids.filter(Boolean));
    if (here.length) this.desk.findings.choose(here, false);
  }

  async reveal(finding) {
    const decision = this.decisionOf(finding);
    const view = decision && this.tool.getViews().find((one) => one.element === decision);
    if (view && this.tool.getActiveView()?.element !== decision) await this.tool.open(view);
    requestAnimationFrame(() => {
      const [place] = this.drawn(finding);
      place?.scrollIntoView({ block: "center", inline: "center" });
      place?.classList.add("shown");
      setTimeout(() => place?.classList.remove("shown"), 1500);
    });
  }

  decisionOf({ element: id }) {
    return this.tool.getViews().map((view) => view.element).find((one) => one.$type === "dmn:Decision" && holds(one, id));
  }
}

/** Whether a part of the file is, or has within it, the element of this id. */
function holds(part, id) {
  if (!part || typeof part !== "object") return false;
  if (part.id === id) return true;
  return Object.entries(part).some(([name, value]) => {
    if (name.startsWith("$") || name === "di" || name === "requiredInput" || name === "requiredDecision") return false;
    return Array.isArray(value) ? value.some((one) => holds(one, id)) : Boolean(value?.$type) && holds(value, id);
  });
}

const real = ({ target }) => !target.closest?.("#notice");

new Desk().open(async (desk) => {
  const editor = new DecisionEditor(desk);
  window.studio.tool = editor.tool;
  return editor;
});
