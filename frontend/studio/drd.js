// The graph of requirements: what each decision and input is called stands in it, below its name.
import { element } from "./page.js";

const ROOM = { left: 90, right: 40, top: 110, bottom: 70 }; // pixels for the palette, the head and the bpmn.io mark

const listening = new WeakSet();

/** Show the label of everything that has one, now and whenever it changes. */
export function showLabels(viewer) {
  const overlays = viewer.get("overlays", false);
  if (!overlays) return;
  const registry = viewer.get("elementRegistry");
  const show = (shape) => {
    if (!registry.get(shape.id) || shape.waypoints) return;
    overlays.remove({ element: shape.id, type: "called" });
    const called = shape.businessObject?.get?.("label");
    if (!called) return;
    const html = element("div", { class: "called" }, called);
    html.style.width = `${shape.width}px`;
    overlays.add(shape.id, "called", { position: { left: 0, bottom: Math.min(26, shape.height / 2 - 6) }, html });
  };
  registry.forEach(show);
  if (listening.has(viewer)) return;
  listening.add(viewer);
  viewer.on("element.changed", ({ element: shape }) => show(shape));
  viewer.on("shape.added", ({ element: shape }) => setTimeout(() => show(shape)));
}

/** Bring the whole drawing into view, beside what lies over it. */
export function fit(canvas, room = ROOM) {
  const { inner, outer } = canvas.viewbox();
  const [width, height] = [outer.width - room.left - room.right, outer.height - room.top - room.bottom];
  const scale = Math.min(1, width / inner.width, height / inner.height);
  if (!(scale > 0)) return; // nothing is drawn, or there is no room to draw in
  canvas.viewbox({
    x: inner.x - room.left / scale, y: inner.y - room.top / scale,
    width: outer.width / scale, height: outer.height / scale,
  });
}
