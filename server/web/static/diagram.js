// Draws a case's diagram with its taken path and where it stands. The ordered list beside it says the same.
(() => {
  "use strict";
  const draw = async (place) => {
    if (place.dataset.drawn || !window.BpmnJS) return;
    place.dataset.drawn = "yes";
    place.classList.add("drawn");
    const viewer = new window.BpmnJS({ container: place });
    try {
      const response = await fetch(place.dataset.source, { headers: { Accept: "application/json" } });
      const facts = await response.json();
      await viewer.importXML(facts.xml);
      const canvas = viewer.get("canvas");
      const registry = viewer.get("elementRegistry");
      const mark = (ids, name) => ids.filter((id) => registry.get(id)).forEach((id) => canvas.addMarker(id, name));
      mark(facts.taken ?? [], "taken");
      mark(facts.current ?? [], "current");
      for (const [name, ids] of Object.entries(facts.marks ?? {})) mark(ids, name);
      for (const [id, heat] of Object.entries(facts.heat ?? {})) mark([id], `heat-${heat}`);
      for (const [id, count] of Object.entries(facts.counts ?? {})) {
        if (!registry.get(id)) continue;
        const badge = Object.assign(document.createElement("b"), { className: "count-mark", textContent: count });
        viewer.get("overlays").add(id, { position: { top: -12, right: 12 }, html: badge });
      }
      const { inner, outer } = canvas.viewbox();
      const wanted = inner.height * Math.min(outer.width / inner.width, 1) + 112; // as high as it is, with room for the mark
      place.style.height = `${Math.round(Math.min(Math.max(wanted, 220), 640))}px`;
      canvas.resized();
      canvas.zoom("fit-viewport", "auto");
      // the list beside it is what keyboards and readers use: nothing in the picture may take the focus
      place.querySelectorAll("a[href], [tabindex]").forEach((part) => part.setAttribute("tabindex", "-1"));
    } catch {
      place.classList.remove("drawn");
    }
  };
  const drawAll = () => document.querySelectorAll(".diagram[data-source]").forEach(draw);
  document.addEventListener("guicheng:shown", drawAll);
  drawAll();
})();
