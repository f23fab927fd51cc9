// One person edits a file at a time: takes its lock, keeps it while the page is open, gives it back.
import { send } from "./page.js";

const MINUTE = 60_000;

export class Lock {
  constructor(facts, lost) {
    this.facts = facts;
    this.lost = lost;
    this.mine = false;
    this.holder = null;
    this.reason = "";
  }

  async take() {
    if (!this.facts.may_edit) return;
    await this.ask("take");
    if (!this.mine) return;
    this.timer = setInterval(() => this.keep(), MINUTE);
    document.addEventListener("visibilitychange", () => { if (!document.hidden && this.mine) this.keep(); });
  }

  async keep() {
    try { await this.ask("keep"); } catch { return; } // the next minute may reach the server
    if (this.mine) return;
    clearInterval(this.timer);
    this.lost(this.reason);
  }

  release() {
    if (!this.mine) return;
    clearInterval(this.timer);
    this.mine = false;
    navigator.sendBeacon(this.facts.lock, new URLSearchParams({ action: "release", csrf: this.facts.csrf, until: this.until }));
  }

  /** Ask for the lock; whoever gets an answer has it. */
  async ask(action) {
    try {
      ({ until: this.until } = await send(this.facts.lock, { action, csrf: this.facts.csrf }));
      this.mine = true;
    } catch (refused) {
      if (refused.status !== 409 && refused.status !== 403) throw refused;
      this.mine = false;
      this.holder = refused.answer.holder ?? null;
      this.reason = refused.message;
    }
  }
}
