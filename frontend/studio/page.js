// What the parts of the studio share of the page: elements, requests, downloads.

/** The first element that a selector finds. */
export const one = (selector, within = document) => within.querySelector(selector);

/** An element with attributes and children; text children are text, never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/**
 * Ask the server, or send it a form; the JSON of its answer.
 * What is thrown has `status` (0: the server was not reached), `answer` (JSON, as far as there was any) and `message`.
 */
export async function send(address, fields = null) {
  let response;
  try {
    response = await fetch(address, {
      method: fields ? "POST" : "GET",
      headers: { Accept: "application/json" },
      body: fields ? new URLSearchParams(fields) : undefined, // unlike a multipart form it leaves line ends alone
      cache: "no-store",
      redirect: "error", // to the page of signing in, for one
    });
  } catch (error) {
    throw Object.assign(new Error(error.message), { status: 0, answer: {} });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.message ?? response.statusText), { status: response.status, answer });
  return answer;
}

/** Hand a text to the person as a file. */
export function download(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** `act`, once, when nothing has called for it during `pause` milliseconds. */
export function later(act, pause) {
  let timer;
  return (...given) => { clearTimeout(timer); timer = setTimeout(() => act(...given), pause); };
}
