// Where a field of a diagram is kept: an attribute of the element, or one of its camunda:properties.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

/** An attribute; `along` are others that are set with it, as a form's binding is. */
export function attribute(name, along = {}) {
  return {
    read: (element) => getBusinessObject(element).get(name) ?? "",
    write(element, value, { modeling }) {
      const others = Object.fromEntries(Object.entries(along).map(([key, set]) => [key, value ? set : undefined]));
      modeling.updateProperties(element, { [name]: value || undefined, ...others });
    },
  };
}

/** A camunda:property. Those of a pool are its process's. */
export function property(name) {
  return {
    read: (element) => found(object(element), name)?.get("value") ?? "",
    write(element, value, services) {
      const holder = object(element);
      const there = found(holder, name);
      if (there && value) return change(services, element, there, { value });
      if (there) return remove(services, element, holder, there);
      if (value) add(services, element, holder, name, value);
    },
  };
}

function object(element) {
  const own = getBusinessObject(element);
  return is(element, "bpmn:Participant") && own.get("processRef") ? own.get("processRef") : own;
}

const list = (holder) => (holder.get("extensionElements")?.get("values") ?? []).find((one) => is(one, "camunda:Properties"));
const found = (holder, name) => (list(holder)?.get("values") ?? []).find((one) => one.get("name") === name);

function change({ modeling }, element, moddleElement, properties) {
  modeling.updateModdleProperties(element, moddleElement, properties);
}

function remove(services, element, holder, gone) {
  const properties = list(holder);
  const left = properties.get("values").filter((one) => one !== gone);
  if (left.length) return change(services, element, properties, { values: left });
  const extensions = holder.get("extensionElements");
  change(services, element, extensions, { values: extensions.get("values").filter((one) => one !== properties) });
}

function add(services, element, holder, name, value) {
  const made = (type, given, parent) => Object.assign(services.bpmnFactory.create(type, given), { $parent: parent });
  const properties = list(holder);
  if (properties) {
    const one = made("camunda:Property", { name, value }, properties);
    return change(services, element, properties, { values: [...properties.get("values"), one] });
  }
  const extensions = holder.get("extensionElements") ?? made("bpmn:ExtensionElements", { values: [] }, holder);
  const fresh = made("camunda:Properties", {}, extensions);
  fresh.set("values", [made("camunda:Property", { name, value }, fresh)]);
  const set = () => change(services, element, extensions, { values: [fresh, ...extensions.get("values")] });
  if (holder.get("extensionElements")) return set();
  extensions.set("values", [fresh]);
  change(services, element, holder, { extensionElements: extensions });
}
