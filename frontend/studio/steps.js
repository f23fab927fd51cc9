// The steps of approvals on top of the menus that create and append: 审批环节, 会签, 备案, 决策, 时限.
const ICONS = {
  "bpmn:UserTask": "bpmn-icon-user-task",
  "bpmn:BusinessRuleTask": "bpmn-icon-business-rule-task",
  "bpmn:CallActivity": "bpmn-icon-call-activity",
};
const AFTER_GROUPING = 500; // so that the library's own order leaves these on top

/** The module; `templates` are the element templates of the draft, `prepare(object, template)` fills an element. */
export function approvalSteps(templates, texts, prepare) {
  const offered = templates.filter(({ appliesTo }) => appliesTo.length === 1 && ICONS[appliesTo[0]]);

  class ApprovalSteps {
    constructor(popupMenu, elementFactory, create, autoPlace) {
      Object.assign(this, { elementFactory, create, autoPlace });
      popupMenu.registerProvider("bpmn-create", AFTER_GROUPING, this.menu(popupMenu, false));
      popupMenu.registerProvider("bpmn-append", AFTER_GROUPING, this.menu(popupMenu, true));
    }

    menu(popupMenu, appending) {
      return {
        getPopupMenuEntries: (element) => (entries) => {
          const ours = offered.map((template) => [`guicheng-${template.id}`, this.entry(template, popupMenu, appending && element)]);
          return { ...Object.fromEntries(ours), ...entries };
        },
      };
    }

    entry(template, popupMenu, source) {
      const type = template.appliesTo[0];
      const start = (event) => {
        popupMenu.close();
        this.create.start(event, this.shape(template, type), source ? { source } : {});
      };
      const click = (event) => {
        if (!source) return start(event);
        popupMenu.close();
        this.autoPlace.append(source, this.shape(template, type));
      };
      return {
        label: template.name, description: template.description, className: ICONS[type],
        group: { id: "guicheng", name: texts.steps }, search: template.id, rank: 100,
        action: { click, dragstart: start },
      };
    }

    shape(template, type) {
      const shape = this.elementFactory.createShape({ type });
      prepare(shape.businessObject, template);
      return shape;
    }
  }
  ApprovalSteps.$inject = ["popupMenu", "elementFactory", "create", "autoPlace"];
  return { __init__: ["approvalSteps"], approvalSteps: ["type", ApprovalSteps] };
}
