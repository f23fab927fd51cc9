// The words a jurisdiction has: articles, posts, variables, decisions, forms. A click puts one where one was writing.
import { element, one } from "./page.js";

const AREAS = ["articles", "variables", "groups", "decisions", "forms", "processes", "clock_stops", "messages"];

/** What is written for an entry of the vocabulary. */
export function code(area, entry) {
  if (area === "articles") return entry.citation ?? `${entry.regulation}#${entry.article}`;
  return typeof entry === "string" ? entry : (entry.id ?? entry.name);
}

/** What people read for it. */
export function label(area, entry) {
  if (typeof entry === "string") return "";
  if (entry.name_en && document.documentElement.lang === "en") return entry.name_en;
  return (area === "articles" ? entry.title : (entry.title ?? entry.label ?? (entry.id && entry.name))) ?? "";
}

export class Names {
  constructor(vocabulary, texts) {
    this.list = one("#names ul");
    this.search = one("#names input");
    if (!this.list) return;
    this.entries = AREAS.flatMap((area) => (vocabulary[area] ?? []).map((entry) => this.entry(area, entry, texts[area] ?? area)));
    this.list.replaceChildren(...this.entries.map(({ row }) => row));
    this.search.addEventListener("input", () => this.filter(this.search.value.trim().toLowerCase()));
    document.addEventListener("focusin", ({ target }) => {
      if (target.matches("textarea, input:not([type]), input[type=text], [contenteditable=true]") && !target.closest("#names")) this.last = target;
    });
  }

  entry(area, entry, kind) {
    const written = code(area, entry);
    const read = label(area, entry);
    const more = [kind, typeof entry === "string" ? "" : entry.type].filter(Boolean).join(" · ");
    const go = element("button", { type: "button", title: more }, element("code", {}, written), " ", element("span", {}, read), " ", element("small", {}, kind));
    go.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps its focus
    go.addEventListener("click", () => this.write(written));
    return { row: element("li", {}, go), text: `${written} ${read} ${kind}`.toLowerCase() };
  }

  filter(wanted) {
    for (const { row, text } of this.entries) row.hidden = Boolean(wanted) && !text.includes(wanted);
  }

  write(text) {
    navigator.clipboard?.writeText(text).catch(() => {});
    if (!this.last?.isConnected) return;
    this.last.focus();
    document.execCommand("insertText", false, text); // the one way that reaches every editor's own undo
  }
}
