// The words of the libraries in the reader's language. Our own texts come translated from the server.
import fromBpmn from "bpmn-js-i18n-zh/lib/bpmn-js";
import fromCamundaPanel from "bpmn-js-i18n-zh/lib/camunda-properties-panel";
import fromPanel from "bpmn-js-i18n-zh/lib/properties-panel";
import bpmn from "./words/bpmn.json";
import dmn from "./words/dmn.json";
import form from "./words/form.json";
import lint from "./words/lint.json";
import simulation from "./words/simulation.json";

const chinese = document.documentElement.lang.startsWith("zh");
const known = { ...fromBpmn, ...fromPanel, ...fromCamundaPanel, ...form, ...simulation, ...bpmn, ...dmn, ...lint };
const missed = new Set();

/** The text in the reader's language, with `{places}` filled. What the dictionary lacks is remembered. */
export function translate(text, places = {}) {
  if (typeof text !== "string") return text;
  const found = Object.hasOwn(known, text) ? known[text] : undefined;
  if (found === undefined && /[A-Za-z]{2}/.test(text)) missed.add(text);
  const told = chinese && found !== undefined ? found : text;
  return told.replace(/{([^}]+)}/g, (all, name) => (name in places ? translate(String(places[name])) : all));
}

/** What the build puts in place of a literal. */
export const say = (text, places) => translate(text, places);

/** Texts that were asked for and have no translation. */
export const missing = () => [...missed].sort();

/** The libraries' own place for a translator. */
export const translation = { translate: ["value", translate] };
