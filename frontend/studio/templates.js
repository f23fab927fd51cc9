// How element templates are put on a step: they fill what is empty and overwrite nothing; 会签 also gets its rounds,
// which a template cannot say.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";

import { attribute, property } from "./places.js";

const COUNTERSIGN = "guicheng.countersign";

class Templates extends CommandInterceptor {
  constructor(eventBus, bpmnFactory, modeling) {
    super(eventBus);
    this.preExecute("propertiesPanel.camunda.changeTemplate", 2000, ({ context }) => {
      const { newTemplate, element } = context;
      if (!newTemplate) return;
      context.newTemplate = { ...newTemplate, properties: newTemplate.properties.filter((one) => one.value && !place(one).read(element)) };
    });
    this.postExecuted("propertiesPanel.camunda.changeTemplate", ({ context: { element, newTemplate } }) => {
      const object = getBusinessObject(element);
      if (newTemplate?.id !== COUNTERSIGN || object.get("loopCharacteristics")) return;
      const rounds = bpmnFactory.create("bpmn:MultiInstanceLoopCharacteristics", {
        "camunda:collection": "${signers}", "camunda:elementVariable": "signer",
      });
      rounds.$parent = object;
      modeling.updateProperties(element, { loopCharacteristics: rounds });
    });
  }
}
Templates.$inject = ["eventBus", "bpmnFactory", "modeling"];

const place = ({ binding: { type, name } }) => (type === "property" ? attribute(name) : property(name));

export const templatesFillOnly = { __init__: ["guichengTemplates"], guichengTemplates: ["type", Templates] };
