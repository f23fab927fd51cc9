// The list of what was found in the file, beside the editor.
import { element, one } from "./page.js";

const SIGNS = { error: "✕", warning: "!", info: "i" };

/** One word for a place: the marks on the canvas and the entries of the list find each other by it. */
export const severity = (findings) => ["error", "warning", "info"].find((level) => findings.some((f) => f.severity === level));

export class Findings {
  constructor(facts, reveal) {
    this.texts = facts.texts;
    this.reveal = reveal;
    this.here = [];
    this.list = one("#findings ul");
    this.head = one("#findings summary");
    this.place = one("#findings");
  }

  show(findings) {
    const order = { error: 0, warning: 1, info: 2 };
    this.here = [...findings].sort((a, b) => order[a.severity] - order[b.severity]);
    this.head.textContent = this.here.length ? `${this.texts.findings} ${this.here.length}` : this.texts.no_findings;
    this.head.dataset.level = severity(this.here) ?? "none";
    this.list.replaceChildren(...this.here.map((finding) => this.entry(finding)));
    if (this.here.some((finding) => finding.severity !== "info")) this.place.open = true;
  }

  entry(finding) {
    const where = [finding.element, finding.row && this.texts.row.replace("{row}", finding.row), finding.field].filter(Boolean).join(" · ");
    const go = element("button", { type: "button", class: "finding" },
      element("i", { "aria-label": this.texts[finding.severity] ?? finding.severity }, SIGNS[finding.severity] ?? "i"),
      element("span", {}, finding.message));
    go.addEventListener("click", () => { this.choose([finding]); this.reveal(finding); });
    const made = element("li", { "data-severity": finding.severity, "data-element": finding.element ?? "" }, go);
    if (where) made.append(element("p", { class: "where" }, where));
    if (finding.remedy) made.append(element("p", { class: "remedy" }, `→ ${finding.remedy}`));
    if (finding.page) made.append(element("a", { href: finding.page, target: "_blank", rel: "noopener" }, this.texts.explained));
    return made;
  }

  /** Show these in the list as the ones meant. */
  choose(findings, opening = true) {
    if (opening && findings.length) this.place.open = true;
    const wanted = new Set(findings);
    [...this.list.children].forEach((entry, at) => entry.classList.toggle("chosen", wanted.has(this.here[at])));
    this.list.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
  }

  /** The findings whose place is one of `ids`. */
  at(...ids) {
    return this.here.filter((finding) => ids.includes(finding.element) || (finding.field && ids.includes(finding.field)));
  }
}
