// How element templates are put on a step: they fill what is empty and overwrite nothing; 会签 also gets its rounds,
// which a template cannot say.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";

import { attribute, property } from "./places.js";

const COUNTERSIGN = "guicheng.countersign";
const ROUNDS = { "camunda:collection": "${signers}", "camunda:elementVariable": "signer" };

const place = ({ binding: { type, name } }) => (type === "property" ? attribute(name) : property(name));
const onElement = ({ binding }) => binding.type === "property";

class Templates extends CommandInterceptor {
  constructor(eventBus, bpmnFactory, modeling) {
    super(eventBus);
    this.preExecute("propertiesPanel.camunda.changeTemplate", 2000, ({ context }) => {
      if (!context.newTemplate) return;
      const empty = context.newTemplate.properties.filter((one) => one.value && !place(one).read(context.element));
      // the library would take away every camunda:property that the template does not have
      context.toFill = empty.filter((one) => !onElement(one));
      context.newTemplate = { ...context.newTemplate, properties: empty.filter(onElement) };
    });
    this.postExecuted("propertiesPanel.camunda.changeTemplate", ({ context: { element, newTemplate, toFill = [] } }) => {
      for (const one of toFill) place(one).write(element, one.value, { bpmnFactory, modeling });
      const object = getBusinessObject(element);
      if (newTemplate?.id === COUNTERSIGN && !object.get("loopCharacteristics")) {
        modeling.updateProperties(element, { loopCharacteristics: rounds(object, bpmnFactory) });
      }
    });
  }
}
Templates.$inject = ["eventBus", "bpmnFactory", "modeling"];

export const templatesFillOnly = { __init__: ["guichengTemplates"], guichengTemplates: ["type", Templates] };

function rounds(object, factory) {
  return Object.assign(factory.create("bpmn:MultiInstanceLoopCharacteristics", ROUNDS), { $parent: object });
}

/** Fill an element that is not on the canvas yet. */
export function prepare(object, template) {
  const factory = { create: (type, given) => object.$model.create(type, given) };
  object.set("camunda:modelerTemplate", template.id);
  object.set("camunda:modelerTemplateVersion", template.version);
  object.set("name", template.name);
  const direct = {
    updateProperties: (_, properties) => Object.entries(properties).forEach(([name, value]) => object.set(name, value)),
    updateModdleProperties: (_, holder, properties) => Object.entries(properties).forEach(([name, value]) => holder.set(name, value)),
  };
  for (const one of template.properties.filter(({ value }) => value)) {
    place(one).write({ type: object.$type, businessObject: object }, one.value, { bpmnFactory: factory, modeling: direct });
  }
  if (template.id === COUNTERSIGN) object.set("loopCharacteristics", rounds(object, factory));
}
