// Entries of the properties panel: those of its own kinds, bound to a place, and two it does not have.
import { CheckboxEntry, SelectEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { useService } from "bpmn-js-properties-panel";

function useField(element, place) {
  const services = { modeling: useService("modeling"), bpmnFactory: useService("bpmnFactory") };
  return {
    debounce: useService("debounceInput"),
    getValue: () => place.read(element),
    setValue: (value) => place.write(element, value, services),
  };
}

/** A text. */
export function Write({ id, element, place, label, description }) {
  return <TextFieldEntry id={id} element={element} label={label} description={description} {...useField(element, place)} />;
}

/** Yes or nothing. */
export function Tick({ id, element, place, label }) {
  const { getValue, setValue } = useField(element, place);
  return <CheckboxEntry id={id} element={element} label={label}
    getValue={() => getValue() === "true"} setValue={(on) => setValue(on ? "true" : "")} />;
}

/** One of a list. A value that the list does not have stays, and is told to be unknown. */
export function Choose({ id, element, place, label, options, description, texts }) {
  const field = useField(element, place);
  const now = field.getValue();
  const strange = now && !options.some(({ value }) => value === now) ? [{ value: now, label: `${now} · ${texts.unknown}` }] : [];
  return <SelectEntry id={id} element={element} label={label} description={description}
    getOptions={() => [{ value: "", label: texts.none }, ...strange, ...options]} {...field} />;
}

/** Several of a list, each with its meaning; another may be written too, and is told to be unknown. */
export function Many({ id, element, place, label, options, separator, description, texts }) {
  const { getValue, setValue } = useField(element, place);
  const text = getValue();
  const computed = text.startsWith("=") || text.includes("${");
  const chosen = computed ? [text] : text.split(separator === "," ? /\s*,\s*/ : /\s+/).filter(Boolean);
  const set = (values) => setValue(values.join(separator));
  const known = new Map(options.map((option) => [option.value, option]));
  const strange = (value) => !computed && !known.has(value);
  const add = ({ target }) => {
    const value = target.value.trim();
    target.value = "";
    if (value && !chosen.includes(value)) set(computed ? [value] : [...chosen, value]);
  };
  return (
    <div class="bio-properties-panel-entry guicheng-many" data-entry-id={id}>
      <label class="bio-properties-panel-label" for={`${id}-add`}>{label}</label>
      <ul class="chips">
        {chosen.map((value) => (
          <li key={value} class={strange(value) ? "unknown" : ""} title={known.get(value)?.label ?? (strange(value) ? texts.unknown : value)}>
            <span>{known.get(value)?.read || value}</span>
            <button type="button" title={texts.remove} aria-label={`${texts.remove} ${value}`}
              onClick={() => set(chosen.filter((one) => one !== value))}>×</button>
          </li>
        ))}
      </ul>
      <input id={`${id}-add`} class="bio-properties-panel-input" type="text" list={`${id}-list`} placeholder={texts.add}
        spellcheck={false} autocomplete="off" onChange={add} />
      <datalist id={`${id}-list`}>
        {options.filter(({ value }) => !chosen.includes(value)).map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
      </datalist>
      {description && <div class="bio-properties-panel-description">{description}</div>}
    </div>
  );
}

export const isManyEdited = (node) => Boolean(node?.closest(".guicheng-many")?.querySelector(".chips li"));

/** Lines to read, with a link. */
export function Facts({ id, label, lines, none, link, open }) {
  return (
    <div class="bio-properties-panel-entry guicheng-facts" data-entry-id={id}>
      {label && <span class="bio-properties-panel-label">{label}</span>}
      {lines.length ? <ul>{lines.map((line) => <li key={line}>{line}</li>)}</ul> : none && <p>{none}</p>}
      {link && <a href={link} target="_blank" rel="noopener">{open}</a>}
    </div>
  );
}
