// XML comments, which the modelers' libraries do not read: each goes back to where it stood, before the element that it
// stood before, or at the end of the element that it stood in. It goes with an element that is taken out.

export class Comments {
  /** Those of the document `was`, for the elements of the document `now`. */
  constructor(was, now) {
    this.places = new Places(was, now);
    this.before = new Map();
    this.last = new Map();
    this.head = [];
    this.tail = [];
    const found = was.createTreeWalker(was, NodeFilter.SHOW_COMMENT);
    while (found.nextNode()) this.place(found.currentNode);
  }

  place(comment) {
    const text = `<!--${comment.data}-->`;
    if (comment.parentNode.nodeType === Node.DOCUMENT_NODE) {
      const follows = comment.compareDocumentPosition(comment.parentNode.documentElement) & Node.DOCUMENT_POSITION_PRECEDING;
      return void (follows ? this.tail : this.head).push(text);
    }
    const parent = this.places.of(comment.parentNode);
    if (!parent) return;
    for (let next = comment.nextElementSibling; next; next = next.nextElementSibling) {
      const place = this.places.of(next);
      if (place?.parentNode === parent) return void add(this.before, place, text);
    }
    add(this.last, parent, text);
  }

  /** What stands before an element. */
  above(element) {
    return this.before.get(element) ?? [];
  }

  /** What stands at the end of an element. */
  within(element) {
    return this.last.get(element) ?? [];
  }
}

function add(map, key, text) {
  map.set(key, [...(map.get(key) ?? []), text]);
}

/** Where the elements of one document are in another: by their ids; else by what they say; else by their order. */
class Places {
  constructor(was, now) {
    this.root = [was.documentElement, now.documentElement];
    this.ids = new Map([...now.querySelectorAll("[id]")].map((one) => [one.id, one]));
    this.known = new Map();
  }

  of(element) {
    if (!this.known.has(element)) this.known.set(element, this.find(element));
    return this.known.get(element);
  }

  find(element) {
    if (element === this.root[0]) return this.root[1];
    if (element.id) return this.ids.get(element.id);
    const parent = this.of(element.parentNode);
    const alike = (said, one) => [...one.children].filter((child) => child.localName === element.localName && (!said || says(child) === said));
    for (const said of [says(element), ""]) {
      const found = parent && alike(said, parent)[alike(said, element.parentNode).indexOf(element)];
      if (found) return found;
    }
    return undefined;
  }
}

function says(element) {
  const attributes = [...element.attributes].map(({ name, value }) => `${name}=${value}`).sort();
  return JSON.stringify([attributes, element.children.length ? "" : element.textContent]);
}
