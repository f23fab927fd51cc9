// The editor of texts: the manifest and the scenarios, with numbered lines.
import { Desk } from "./desk.js";
import { element } from "./page.js";

class TextEditor {
  constructor(desk) {
    this.desk = desk;
    this.numbers = element("pre", { class: "numbers", "aria-hidden": "true" });
    this.area = element("textarea", { class: "code", spellcheck: "false", wrap: "off", autocapitalize: "off", "aria-label": desk.facts.path });
    this.area.readOnly = desk.readonly;
    desk.canvas.replaceChildren(this.numbers, this.area);
    this.area.addEventListener("input", () => { this.number(); desk.changed(); });
    this.area.addEventListener("scroll", () => { this.numbers.scrollTop = this.area.scrollTop; });
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  async show(text) {
    this.area.value = text;
    this.number();
  }

  async content() {
    return this.area.value;
  }

  /** Tab makes two blanks while writing; Escape first lets it leave the field as everywhere else. */
  key(event) {
    if (event.key === "Escape") { this.leaving = true; return; }
    if (event.key === "Tab" && !event.shiftKey && !this.leaving && !this.desk.readonly) {
      event.preventDefault();
      document.execCommand("insertText", false, "  ");
    }
    this.leaving = false;
  }

  number() {
    const count = this.area.value.split("\n").length;
    while (this.numbers.children.length > count) this.numbers.lastChild.remove();
    for (let at = this.numbers.children.length + 1; at <= count; at += 1) {
      this.numbers.append(element("span", { "data-line": at }, `${at}\n`));
    }
    this.mark(this.desk.findings.here);
  }

  mark(findings) {
    for (const line of this.numbers.children) line.className = "";
    for (const finding of findings) {
      const place = this.numbers.children[lineOf(finding) - 1];
      if (place) { place.className = finding.severity; place.title = finding.message; }
    }
  }

  reveal(finding) {
    const line = lineOf(finding);
    if (!line) return;
    const before = this.area.value.split("\n").slice(0, line - 1).join("\n").length;
    const start = line > 1 ? before + 1 : 0;
    const end = this.area.value.indexOf("\n", start);
    this.area.focus();
    this.area.setSelectionRange(start, end < 0 ? this.area.value.length : end);
    this.area.scrollTop = (line - 6) * parseFloat(getComputedStyle(this.area).lineHeight);
  }
}

/** The line of a finding; what readers of texts say names it in their sentence only. */
const lineOf = ({ line, message }) => line || Number(/\bline (\d+)/.exec(message)?.[1] ?? 0);

new Desk().open(async (desk) => new TextEditor(desk));
