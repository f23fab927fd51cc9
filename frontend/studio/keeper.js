// Keeps what was typed in this browser until the server has it.
const ROOM = "guicheng:unsaved:";

export class Keeper {
  constructor(address) {
    this.key = ROOM + address;
  }

  /** Keep a text that began as `revision` of the file. A full or forbidden store is no reason to stop typing. */
  keep(content, revision) {
    try { localStorage.setItem(this.key, JSON.stringify({ content, revision, at: Date.now() })); } catch { /* see above */ }
  }

  /** What is kept: {content, revision, at}, or null. */
  kept() {
    try { return JSON.parse(localStorage.getItem(this.key)); } catch { return null; }
  }

  forget() {
    try { localStorage.removeItem(this.key); } catch { /* nothing was kept then */ }
  }
}
