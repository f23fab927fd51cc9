// What pages gain where there is JavaScript: keys, focus after a swap, ready-made phrases. Everything works without.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // ---- focus: an error summary, or the heading of what was swapped in
  const land = (within) => {
    const target = one("[data-land]", within) || one("h1", within);
    if (!target || within.contains(document.activeElement)) return;
    if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: !target.matches("[data-land]") });
  };
  const summary = one(".summary-of-errors[data-land]");
  if (summary) summary.focus();
  // what had the focus may be gone: then it goes to what stands in its place, such as the file that was chosen
  let held = "";
  document.addEventListener("htmx:before:swap", () => { held = document.activeElement?.id || ""; });
  const keepFocus = () => {
    const place = held && document.activeElement === document.body && document.getElementById(held);
    if (!place) return;
    const field = place.closest(".field") || place;
    (place.matches("input, select, textarea, button, a") ? place : one("button, input:not([type=hidden]), a", field))?.focus();
  };
  document.addEventListener("htmx:after:swap", (event) => {
    keepFocus();
    const target = event.detail?.ctx?.target;
    const id = target?.id;
    const now = (id && document.getElementById(id)) || target;
    if (now?.isConnected && now.dataset.quiet === undefined) land(now);
    if (now?.isConnected) announce(now.dataset.told);
    if (id === "draft" && event.detail.ctx.response?.status < 400) forget();
    document.dispatchEvent(new CustomEvent("guicheng:shown"));
  });
  // a draft that could not be saved by itself is remembered in the browser, until one has been
  const unsaved = () => { const form = one("#task-form"); if (form) remember(form); };
  document.addEventListener("htmx:error", () => { announce(root.dataset.offline); unsaved(); });
  document.addEventListener("htmx:response:error", unsaved);

  const announce = (text) => { if (text) one("#announcements").textContent = text; };

  // ---- rows: j and k move, Enter opens, x selects, c claims
  const rows = () => all("[data-row]");
  const chosen = () => rows().find((row) => row.getAttribute("aria-selected") === "true");
  const choose = (step) => {
    const list = rows();
    if (!list.length) return;
    const at = list.indexOf(chosen());
    const next = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    list.forEach((row) => row.removeAttribute("aria-selected"));
    next.setAttribute("aria-selected", "true");
    one("a", next).focus();
  };
  const press = (selector) => { const found = chosen() && one(selector, chosen()); if (found) found.click(); };
  const follow = (selector) => { const found = one(selector); if (found) found.click(); return Boolean(found); };

  const keys = {
    j: () => choose(1),
    k: () => choose(-1),
    o: () => press("a"),
    x: () => press("input[type=checkbox]"),
    c: () => { if (chosen()) press("[data-claim]"); else follow("[data-claim]"); },
    "/": () => { const field = one("[data-search]"); if (field) field.focus(); },
    "?": () => one("#keys")?.showModal(),
    "[": () => follow("[data-previous]"),
    "]": () => follow("[data-next]"),
  };
  const places = { t: "/tasks", d: "/tasks/done", i: "/instances", s: "/start", v: "/supervision" };
  let going = 0;

  const typing = (element) => element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.altKey) return; // an input method is at work
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const form = event.target.closest("form") || one("#task-form");
      if (form) { event.preventDefault(); form.requestSubmit(one("[data-submit]", form) || undefined); }
      return;
    }
    if (event.ctrlKey || event.metaKey || typing(event.target) || one("dialog[open]")) return;
    if (root.dataset.keys === "off") return;
    if (event.timeStamp - going < 1200 && places[event.key]) { going = 0; location.href = places[event.key]; return; }
    going = event.key === "g" ? event.timeStamp : 0;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // ---- single keys can be switched off, and stay off in this browser
  try { root.dataset.keys = localStorage.getItem("keys") || "on"; } catch { root.dataset.keys = "on"; }
  const keySwitch = one("#keys-on");
  if (keySwitch) {
    keySwitch.checked = root.dataset.keys !== "off";
    keySwitch.addEventListener("change", () => {
      root.dataset.keys = keySwitch.checked ? "on" : "off";
      try { localStorage.setItem("keys", root.dataset.keys); } catch { /* private window */ }
    });
  }

  // ---- what is clicked
  document.addEventListener("click", (event) => {
    const phrase = event.target.closest("[data-phrase]");
    if (phrase) {
      event.preventDefault();
      const area = document.getElementById(phrase.dataset.for);
      area.value = area.value ? `${area.value.trimEnd()}\n${phrase.dataset.phrase}` : phrase.dataset.phrase;
      area.dispatchEvent(new Event("change", { bubbles: true }));
      area.focus();
    }
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-keys-open]")) one("#keys")?.showModal();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy).innerText;
      navigator.clipboard?.writeText(text).then(() => announce(copy.dataset.done));
    }
    const everything = event.target.closest("[data-select-all]");
    if (everything) all("input[name=task]").forEach((box) => { box.checked = everything.checked; });
  });

  // ---- what was typed outlives a form that never arrived: it is put back when the page is opened again
  const kept = (name) => `typed:${name}`;
  const remember = (form) => {
    const texts = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf" && name !== "revision");
    try { sessionStorage.setItem(kept(location.pathname), JSON.stringify(texts)); } catch { /* private window */ }
  };
  const forget = () => { try { sessionStorage.removeItem(kept(location.pathname)); } catch { /* private window */ } };
  const asGiven = (field) => field.options ? ([...field.options].find((one) => one.defaultSelected) ?? field.options[0])?.value : field.defaultValue;
  const putBack = (form) => {
    const texts = JSON.parse(sessionStorage.getItem(kept(location.pathname)) || "null");
    forget();
    if (!texts) return;
    let differs = false;  // from what the server gave: the browser itself may have put something back before
    for (const field of form.elements) {
      const values = texts.filter(([name]) => name === field.name).map(([, value]) => value);
      if (!field.name || ["hidden", "file", "submit", "button"].includes(field.type) || field.readOnly) continue;
      if (field.type === "checkbox" || field.type === "radio") {
        const checked = values.includes(field.value);
        differs ||= checked !== field.defaultChecked;
        field.checked = checked;
      } else if (values.length === 1) {
        differs ||= values[0] !== asGiven(field);
        field.value = values[0];
      }
    }
    if (!differs) return;
    form.dispatchEvent(new Event("change", { bubbles: true }));
    announce(root.dataset.putBack);
  };
  try {
    const form = one("#task-form");
    if (form) putBack(form);
    else if (one("main form[action='/sign-in']")) Object.keys(sessionStorage).filter((name) => name.startsWith("typed:")).forEach((name) => sessionStorage.removeItem(name));
    else if (location.pathname.endsWith("/check")) sessionStorage.removeItem(kept(location.pathname.slice(0, -6))); // it arrived
  } catch { /* private window */ }

  // ---- a second click on a sending button does nothing
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.id === "task-form" && event.submitter?.matches("[data-submit], [name=_save]")) remember(form);
    if (form.method === "post" && !form.hasAttribute("hx-post") && !form.hasAttribute("data-download")) {
      form.dataset.sent = "yes";
      window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
    }
  });
})();
