// The desk an editor works at: it opens a file of a draft, saves it, keeps typing safe, and shows what was found.
import { Findings } from "./findings.js";
import { Keeper } from "./keeper.js";
import { Lock } from "./lock.js";
import { Names } from "./names.js";
import { download, element, one, send } from "./page.js";
import { missing } from "./words.js";

const PAUSE = 2500; // milliseconds without a change after which the file is saved by itself
const AGAIN = 15_000; // milliseconds until a save is tried again that did not reach the server

/**
 * What an editor must be able to do:
 *   show(content)     show a file; rejects with a reason when it cannot
 *   content()         promise of the file as text
 *   mark(findings)    mark the places of findings, and no others
 *   reveal(finding)   bring the place of a finding into view
 */
export class Desk {
  constructor(place = one("#studio")) {
    this.facts = JSON.parse(place.dataset.facts);
    this.texts = this.facts.texts;
    this.place = place;
    this.canvas = one("#canvas");
    this.keeper = new Keeper(this.facts.file);
    this.lock = new Lock(this.facts, (reason) => this.lost(reason));
    this.findings = new Findings(this.facts, (finding) => this.editor?.reveal(finding));
    this.revision = 0;
    this.changes = 0;
    this.saved = 0;
    this.blocked = false;
  }

  /** Open the file with the editor that `make(desk)` gives. */
  async open(make) {
    window.studio = { desk: this, missing };
    try {
      const [file, vocabulary, found] = await Promise.all([
        this.read(),
        this.facts.kind === "text" ? {} : send(this.facts.vocabulary),
        send(this.facts.findings).catch(() => ({ findings: [] })),
        this.lock.take(),
      ]);
      this.vocabulary = vocabulary;
      this.readonly = !this.lock.mine;
      this.editor = await make(this);
      this.names = new Names(vocabulary, this.texts);
      await this.editor.show(file);
      this.showHolder();
      this.show(found.findings ?? found);
      if (this.readonly) return this.ready();
      this.watch();
      await this.recall(file);
      this.say("opened");
      this.ready();
    } catch (error) {
      this.say("failed", "wrong");
      this.tell(`${this.texts.unreadable} ${error.message ?? error}`, [this.link(this.texts.as_text, this.facts.as_text)]);
      this.ready();
    }
  }

  async read() {
    const answer = await fetch(this.facts.file, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    this.revision = Number((answer.headers.get("ETag") ?? "").replace(/\D/g, "")) || 0;
    return answer.text();
  }

  ready() {
    this.place.dataset.ready = "yes";
  }

  // ---- changing and saving
  watch() {
    one("#save")?.addEventListener("click", () => this.saveNow());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); this.saveNow(); }
    }, true);
    window.addEventListener("beforeunload", (event) => { if (this.dirty) event.preventDefault(); });
    window.addEventListener("pagehide", () => this.lock.release());
    window.addEventListener("pageshow", ({ persisted }) => { if (persisted) location.reload(); });
    window.addEventListener("online", () => this.dirty && this.save());
  }

  get dirty() {
    return this.changes !== this.saved;
  }

  /** An editor calls this whenever something changed. */
  changed() {
    if (this.readonly) return;
    this.changes += 1;
    this.say("unsaved", "busy");
    clearTimeout(this.timer);
    if (!this.blocked) this.timer = setTimeout(() => this.save(), PAUSE);
    else this.keep();
  }

  /** Save at once, with what is still being typed into a field or a cell. */
  saveNow() {
    const field = document.activeElement;
    if (this.facts.kind !== "text" && field?.matches("input, textarea, select, [contenteditable=true]")) field.blur();
    setTimeout(() => this.save(), 350); // the panels wait that long before they take a text
  }

  async keep() {
    this.keeper.keep(await this.editor.content(), this.revision);
  }

  async save() {
    if (this.readonly || this.blocked) return;
    if (this.saving) return void (this.once = true);
    clearTimeout(this.timer);
    this.saving = true;
    const at = this.changes;
    const content = await this.editor.content();
    this.keeper.keep(content, this.revision);
    this.say("saving", "busy");
    try {
      const answer = await send(this.facts.file, { content, revision: this.revision, csrf: this.facts.csrf });
      this.revision = answer.revision;
      this.saved = at;
      this.quiet();
      this.show(answer.findings ?? []);
      if (!this.dirty) this.keeper.forget();
      this.say(this.dirty ? "unsaved" : "saved", this.dirty ? "busy" : "done");
    } catch (refused) {
      this.refuse(refused, content);
    } finally {
      this.saving = false;
      if (this.once) this.timer = setTimeout(() => this.save(), PAUSE);
      this.once = false;
    }
  }

  // ---- what can go wrong; the typing is in this browser by now
  refuse({ status, answer, message }, content) {
    const mine = this.button(this.texts.download_mine, () => download(this.facts.name, content));
    this.say("not_saved", "wrong");
    if (!status) {
      this.tell(this.texts.offline, [mine]);
      this.timer = setTimeout(() => this.save(), AGAIN);
    } else if (status === 409) {
      this.blocked = true;
      const reopen = this.button(this.texts.reopen, () => { this.saved = this.changes; location.reload(); });
      this.tell(answer.message ?? message, [mine, reopen]);
    } else if (status === 422) {
      this.show(answer.findings ?? []);
      this.tell(answer.message ?? this.texts.not_accepted, [mine]);
    } else {
      this.blocked = status === 401 || status === 403;
      this.tell(answer.message ?? message, [mine]);
    }
  }

  lost(reason) {
    this.blocked = true;
    this.tell(`${reason} ${this.texts.lost}`, [
      this.button(this.texts.download_mine, async () => download(this.facts.name, await this.editor.content())),
      this.button(this.texts.reopen, () => { this.saved = this.changes; location.reload(); }),
    ]);
  }

  /** An editor calls this with what it could not take over of a file: saving would lose it, so it waits to be told. */
  incomplete(warnings) {
    if (!warnings.length || this.readonly) return;
    this.blocked = true;
    const reasons = warnings.slice(0, 5).map(({ message }) => message).join("; ");
    this.tell(`${this.texts.incomplete} ${reasons}`, [
      this.link(this.texts.as_text, this.facts.as_text),
      this.button(this.texts.edit_anyway, () => { this.blocked = false; this.quiet(); if (this.dirty) this.save(); }),
    ]);
  }

  async recall(file) {
    const kept = this.keeper.kept();
    if (this.blocked) return undefined; // what stands in the way is told first
    if (!kept || kept.content === file) return this.keeper.forget();
    const at = new Date(kept.at).toLocaleString(document.documentElement.lang);
    const actions = [
      this.button(this.texts.download_kept, () => download(this.facts.name, kept.content)),
      this.button(this.texts.forget, () => { this.keeper.forget(); this.quiet(); }),
    ];
    const same = kept.revision === this.revision;
    if (same) {
      actions.unshift(this.button(this.texts.restore, async () => {
        await this.editor.show(kept.content);
        this.quiet();
        this.changed();
      }));
    }
    this.tell((same ? this.texts.kept : this.texts.kept_older).replace("{at}", at), actions);
  }

  // ---- what the page says
  show(findings) {
    this.findings.show(findings.filter((finding) => !finding.file || finding.file === this.facts.path));
    this.editor.mark(this.findings.here);
  }

  showHolder() {
    const line = one("#holder");
    const { holder, reason } = this.lock;
    line.textContent = holder ? this.texts.held.replace("{name}", holder) : reason;
    line.hidden = !line.textContent;
    this.place.classList.toggle("readonly", this.readonly);
    if (this.readonly) {
      one("#side").classList.remove("with-properties");
      one("#names")?.remove();
    }
    if (one("#save")) one("#save").hidden = this.readonly;
    if (this.readonly) this.say("reading");
  }

  say(name, mood = "") {
    const now = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
    const line = one("#status");
    line.textContent = (this.texts[name] ?? "").replace("{at}", now);
    line.dataset.state = name;
    line.className = mood;
  }

  tell(sentence, actions = []) {
    const notice = one("#notice");
    notice.replaceChildren(element("span", {}, sentence), ...actions);
    notice.hidden = false;
  }

  quiet() {
    one("#notice").hidden = true;
  }

  button(label, act) {
    const made = element("button", { type: "button" }, label);
    made.addEventListener("click", act);
    return made;
  }

  link(label, href) {
    return element("a", { href, class: "button" }, label);
  }
}
