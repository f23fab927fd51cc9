/** @jsxImportSource preact */
// The properties of a form's fields that Guicheng reads, as a group of the form editor's panel. Its components are not
// given out, so these are plain elements that wear the panel's own classes.
import { code, label } from "./names.js";

const KINDS = ["money", "integer", "boolean"];
const AUTO = ["officer", "officer_unit", "today", "now", "case"];

/** The provider; `vocabulary` is what the draft has. */
export function guichengGroup(vocabulary, texts) {
  const articles = (vocabulary.articles ?? []).map((entry) => ({ value: code("articles", entry), read: label("articles", entry) }));
  const forms = (vocabulary.forms ?? []).map((entry) => ({ value: code("forms", entry), read: label("forms", entry) }));
  return {
    getGroups: (field, editField) => (groups) => {
      const entries = rows(field, texts, { articles, forms }).map((row) => ({
        ...row, id: `guicheng-${field.id}-${row.name}`, component: Entry, field, editField, texts,
      }));
      if (!entries.length) return groups;
      const ours = { id: "guicheng", label: texts.group, entries, component: Group };
      return [...groups.slice(0, 1), ours, ...groups.slice(1)];
    },
  };
}

function rows(field, texts, { articles, forms }) {
  const keyed = field.key !== undefined || ["textfield", "textarea", "number", "datetime", "select", "radio", "checkbox", "checklist", "taglist", "filepicker"].includes(field.type);
  const found = [];
  if (field.type === "group") found.push({ name: "include", label: texts.include, options: forms });
  if (field.type !== "default") {
    found.push({ name: "regulation", label: texts.basis, several: articles });
    found.push({ name: ["text", "html"].includes(field.type) ? "text_en" : "label_en", label: texts.english });
  }
  if (keyed && field.type !== "default") {
    if (["number", "textfield", "radio", "select"].includes(field.type)) found.push({ name: "kind", label: texts.kind, options: named(KINDS, texts) });
    found.push({ name: "auto", label: texts.auto, options: named(AUTO, texts) });
    found.push({ name: "must_be_true", label: texts.must_be_true });
  }
  return found;
}

const named = (values, texts) => values.map((value) => ({ value, read: texts[`value_${value}`] }));

function Entry({ id, name, label: told, options, several, field, editField, texts }) {
  const value = String(field.properties?.[name] ?? "");
  const set = (next) => {
    const { [name]: _, ...others } = field.properties ?? {};
    const properties = next ? { ...field.properties, [name]: next } : others;
    editField(field, ["properties"], Object.keys(properties).length ? properties : undefined);
  };
  return (
    <div class="bio-properties-panel-entry guicheng-many">
      <label class="bio-properties-panel-label" for={id}>{told}</label>
      {several ? <Several id={id} value={value} options={several} set={set} texts={texts} />
        : options ? <One id={id} value={value} options={options} set={set} texts={texts} />
          : <input id={id} class="bio-properties-panel-input" type="text" value={value} onChange={({ target }) => set(target.value.trim())} />}
    </div>
  );
}

function One({ id, value, options, set, texts }) {
  const strange = value && !options.some((option) => option.value === value);
  return (
    <select id={id} class="bio-properties-panel-input" value={value} onChange={({ target }) => set(target.value)}>
      <option value="">{texts.none}</option>
      {strange && <option value={value}>{`${value} · ${texts.unknown}`}</option>}
      {options.map((option) => <option key={option.value} value={option.value}>{option.read ? `${option.read} (${option.value})` : option.value}</option>)}
    </select>
  );
}

function Several({ id, value, options, set, texts }) {
  const chosen = value.split(/\s+/).filter(Boolean);
  const known = new Map(options.map((option) => [option.value, option.read]));
  const add = ({ target }) => {
    const next = target.value.trim();
    target.value = "";
    if (next && !chosen.includes(next)) set([...chosen, next].join(" "));
  };
  return (
    <>
      <ul class="chips">
        {chosen.map((one) => (
          <li key={one} class={known.has(one) ? "" : "unknown"} title={known.get(one) ?? texts.unknown}>
            <span>{one}</span>
            <button type="button" aria-label={`${texts.remove} ${one}`} title={texts.remove} onClick={() => set(chosen.filter((other) => other !== one).join(" "))}>×</button>
          </li>
        ))}
      </ul>
      <input id={id} class="bio-properties-panel-input" type="text" list={`${id}-list`} placeholder={texts.add} autocomplete="off" onChange={add} />
      <datalist id={`${id}-list`}>{options.map((option) => <option key={option.value} value={option.value}>{option.read}</option>)}</datalist>
    </>
  );
}

/** A group that is always open. */
function Group({ label: told, entries }) {
  return (
    <div class="bio-properties-panel-group guicheng-group">
      <h3>{told}</h3>
      {entries.map((entry) => <Entry key={entry.id} {...entry} />)}
    </div>
  );
}
