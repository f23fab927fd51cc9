// Writes a file as it was written before, so that whoever compares versions sees what was changed and nothing else:
// the same order of attributes and keys, the same way to close elements, defaults that were spelt out, its comments.
import { Comments } from "./comments.js";

/** XML of a modeler, in the manner of the file that it was opened from. */
export function xmlLike(xml, before) {
  const [now, was] = [xml, before].map((text) => new DOMParser().parseFromString(text, "application/xml"));
  if (broken(now) || broken(was)) return xml;
  const comments = new Comments(was, now);
  const root = new Writer(was, before, comments).element(now.documentElement, 0);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', ...comments.head, root, ...comments.tail];
  return lines.join("\n") + (before.endsWith("\n") ? "\n" : "");
}

const broken = (document) => Boolean(document.querySelector("parsererror"));
const DEFAULTS = { hitPolicy: "UNIQUE", gatewayDirection: "Unspecified" }; // a library leaves these out

class Writer {
  constructor(was, before, comments) {
    this.comments = comments;
    this.known = new Map([...was.querySelectorAll("[id]")].map((one) => [one.id, one]));
    this.close = /[^\s]\/>/.test(before) ? "/>" : " />";
    this.quoted = before.includes("<![CDATA[");
    this.root = was.documentElement.id; // parsers put its namespaces in an order of their own
    const [, head = ""] = before.match(/<[\w.:-]*definitions\s([^>]*)>/) ?? [];
    this.rootOrder = [...head.matchAll(/([\w.:-]+)\s*=\s*["']/g)].map(([, name]) => name);
  }

  element(one, depth) {
    const indent = "  ".repeat(depth);
    const above = this.comments.above(one).map((comment) => `${indent}${comment}\n`).join("");
    const within = this.comments.within(one);
    const open = `${above}${indent}<${one.nodeName}${this.attributes(one)}`;
    const inner = (one.localName === "BPMNPlane" ? this.inOldOrder(one) : [...one.children]).filter((child) => !this.idle(child));
    if (inner.length || (within.length && !one.textContent.trim())) {
      const lines = [...inner.map((child) => this.element(child, depth + 1)), ...within.map((comment) => `${indent}  ${comment}`)];
      return `${open}>\n${lines.join("\n")}\n${indent}</${one.nodeName}>`;
    }
    return one.textContent ? `${open}>${this.text(one.textContent)}${within.join("")}</${one.nodeName}>` : `${open}${this.close}`;
  }

  /** A label without a place, which the modeler leaves at a shape that was renamed. */
  idle(one) {
    return one.localName === "BPMNLabel" && !one.children.length && !one.attributes.length && !this.known.get(one.parentNode.id)?.querySelector("BPMNLabel");
  }

  /** The drawing's parts: the modeler puts them in the order in which it paints. New ones follow who they followed. */
  inOldOrder(plane) {
    const places = new Map([...(this.known.get(plane.id)?.children ?? [])].map((one, at) => [one.id, at]));
    let last = -1;
    const keyed = [...plane.children].map((one, at) => ({ one, at, key: (last = places.get(one.id) ?? Math.floor(last) + 0.5) }));
    return keyed.sort((a, b) => a.key - b.key || a.at - b.at).map(({ one }) => one);
  }

  attributes(one) {
    const values = new Map([...one.attributes].map(({ name, value }) => [name, value]));
    const was = this.known.get(one.id);
    const order = one.id === this.root ? this.rootOrder : [...(was?.attributes ?? [])].map(({ name }) => name);
    for (const name of order) {
      if (!values.has(name) && DEFAULTS[name] === was?.getAttribute(name)) values.set(name, DEFAULTS[name]);
    }
    const names = [...order.filter((name) => values.has(name)), ...[...values.keys()].filter((name) => !order.includes(name))];
    return names.map((name) => ` ${name}="${attribute(values.get(name))}"`).join("");
  }

  text(value) {
    if (this.quoted && /[<>&]/.test(value) && !value.includes("]]>")) return `<![CDATA[${value}]]>`;
    return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }
}

function attribute(value) {
  const safe = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
  return safe.replaceAll("\n", "&#10;").replaceAll("\r", "&#13;").replaceAll("\t", "&#9;");
}

/** A form's schema as text, its keys in the order that they had. */
export function jsonLike(schema, before) {
  let was = null;
  try { was = JSON.parse(before); } catch { /* it was no form before: any order will do */ }
  return `${JSON.stringify(ordered(schema, was), null, 2)}${before.endsWith("\n") ? "\n" : ""}`;
}

function ordered(now, was) {
  if (Array.isArray(now)) {
    const before = Array.isArray(was) ? was : [];
    return now.map((one, at) => ordered(one, before.find((other) => one?.id && other?.id === one.id) ?? before[at]));
  }
  if (!now || typeof now !== "object") return now;
  const before = was && typeof was === "object" && !Array.isArray(was) ? was : {};
  const names = [...Object.keys(before).filter((name) => name in now), ...Object.keys(now).filter((name) => !(name in before))];
  return Object.fromEntries(names.map((name) => [name, ordered(now[name], before[name])]));
}
