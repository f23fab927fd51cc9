// node build.mjs TARGET: bundles the studio's editors into TARGET, with the licences of what went in.
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.resolve(process.argv[2]);
const studio = path.join(here, "studio");

// The makers' sheets embed their icons as data and repeat them for browsers long gone. A font file of our own is
// smaller, cached, and allowed by a policy that permits no data: fonts.
const iconFonts = {
  name: "icon-fonts",
  setup(bundle) {
    bundle.onLoad({ filter: /-font[\\/]css[\\/][a-z]+-embedded\.css$/ }, async ({ path: file }) => {
      const family = path.basename(file).split("-")[0];
      const plain = await readFile(file, "utf8");
      const face = `@font-face { font-family: "${family}"; src: url("../font/${family}.woff2") format("woff2"); }`;
      return { loader: "css", resolveDir: path.dirname(file), contents: face + plain.replace(/@font-face\s*{[^}]*}/g, "") };
    });
  },
};

// Some libraries hold their texts as plain literals. Where one stands in a place that is shown, and the dictionary
// knows it, it becomes a call of the same translator that the others ask. Nothing else of them is touched; the
// bpmn.io mark has no text of these.
const HELD = /node_modules[\\/](@bpmn-io[\\/]form-js-(editor|viewer)[\\/]dist[\\/]index\.es\.js|@bpmn-io[\\/]properties-panel[\\/]dist[\\/]index\.esm\.js|dmn-js-properties-panel[\\/]dist[\\/]index\.esm\.js|dmn-js-decision-table[\\/]lib[\\/]features[\\/]drag-and-drop[\\/]DragAndDrop\.js|bpmn-js-token-simulation[\\/]lib[\\/].*\.js)$/;
const TEXT = /(['"])((?:(?!\1)[^\\\n])+)\1/.source;
const SHOWN = new RegExp(`(\\b(?:label|title|placeholder|placeholderContent|closeButtonTooltip|emptyListMessage|errorMessage|children|text|description|tooltip|name|"aria-label")(?:\\s*(?::|(?<![=!])=(?!=))\\s*))${TEXT.replaceAll("\\1", "\\2")}`, "g");
const GIVEN = new RegExp(`((?:\\breturn|\\?|:|=>|\\|\\||,|\\[|push\\()\\s*)${TEXT.replaceAll("\\1", "\\2")}`, "g");
const ATTRIBUTE = /title="([A-Z][A-Za-z/ ]+)"/g;
const EXACT = [ // what has no such place; each must be met, so that a new version of a library cannot lose one silently
  ["Token Simulation <span", "${ __say('Token Simulation') } <span"],
  ["        Simulation Log\n", "        ${ __say('Simulation Log') }\n"],
  [`'<p class="bts-entry placeholder">No Entries</p>'`, '`<p class="bts-entry placeholder">No Entries</p>`'],
  [">No Entries<", ">${ __say('No Entries') }<"],
  ["'Process'\n    } ", "__say('Process')\n    } "],
  ["} started`", "} ${ __say('started') }`"],
  ["'finished' : 'canceled'", "__say('finished') : __say('canceled')"],
  ["${ wait ? 'Remove' : 'Add' } pause point", "${ __say(wait ? 'Remove pause point' : 'Add pause point') }"],
  ["Set animation speed = ${ label }", "${ __say('Set animation speed') } ${ __say(label) }"],
  ["Focus process instance ${scope.id}", "${ __say('Focus process instance') } ${scope.id}"],
  ["function translateFallback(template, replacements) {", "function translateFallback(template, replacements) {\n  return __say(template, replacements);"],
  ["`Move ${isInput(col) ? 'Input' : 'Output'}`", "__say(isInput(col) ? 'Move Input' : 'Move Output')"],
  ["`Create ${getIndefiniteArticle(type)} ${label} element`", "__say('Create: {label}', { label })"],
  ["`Minimum ${MIN_COLUMNS} columns are allowed`", "__say('At least {count} columns', { count: MIN_COLUMNS })"],
  ["`Maximum ${MAX_COLUMNS} columns are allowed`", "__say('At most {count} columns', { count: MAX_COLUMNS })"],
  ["`Expression for '${key}'`", "__say('Expression for {key}', { key })"],
  ["`Remove ${entry.label}`", "__say('Remove {label}', { label: entry.label })"],
  ["`Should not contain more than ${decimalDigits} decimal digits`", "__say('At most {count} decimal digits', { count: decimalDigits })"],
  ["`Should be at least ${min}.`", "__say('Should be at least {count}.', { count: min })"],
  ["`Should be at most ${max}.`", "__say('Should be at most {count}.', { count: max })"],
  ["children: valueLabel || 'Select'", "children: valueLabel || __say('Please select')"],
  ["return concreteType.replace(/(\\B[A-Z])/g, ' $1').replace(/(\\bNon Interrupting)/g, '($1)')", "return __say(concreteType.replace(/(\\B[A-Z])/g, ' $1'))"],
];
const literals = (dictionary) => ({
  name: "literals",
  setup(bundle) {
    const known = new Set(Object.keys(dictionary));
    const unmet = new Set(EXACT.map(([from]) => from));
    const rewrite = (source) => source
      .replace(ATTRIBUTE, (all, text) => known.has(text) ? `title="\${ __say(${JSON.stringify(text)}) }"` : all)
      .replace(SHOWN, (all, before, quote, text) => known.has(text) ? `${before}__say(${JSON.stringify(text)})` : all)
      .replace(GIVEN, (all, before, quote, text) => known.has(text) && (text.includes(" ") || /^return/.test(before)) ? `${before}__say(${JSON.stringify(text)})` : all);
    const exactly = (source) => EXACT.reduce((text, [from, to]) => {
      if (text.includes(from)) unmet.delete(from);
      return text.replaceAll(from, () => to);
    }, source);
    bundle.onLoad({ filter: HELD }, async ({ path: file }) => {
      const plain = (await readFile(file, "utf8")).replaceAll("\r\n", "\n");
      const changed = rewrite(exactly(plain));
      const use = `import { say as __say } from ${JSON.stringify(path.join(studio, "words.js"))};\n`;
      return { loader: "js", contents: changed === plain ? plain : use + changed };
    });
    bundle.onEnd(() => ({ errors: [...unmet].map((text) => ({ text: `No library has this text any more: ${text}` })) }));
  },
});

const dictionary = async (name) => JSON.parse(await readFile(path.join(studio, "words", `${name}.json`), "utf8"));
const made = await build({
  entryPoints: ["bpmn", "dmn", "form", "text"].map((name) => path.join(studio, `${name}.js`)),
  absWorkingDir: here,
  outdir: target,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["chrome110", "firefox115", "safari16"],
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "@bpmn-io/properties-panel/preact",
  legalComments: "none", // the texts are collected below
  define: { "process.env.NODE_ENV": '"production"', global: "window" },
  loader: { ".woff2": "file", ".svg": "dataurl" },
  assetNames: "[name]-[hash]",
  logLevel: "warning",
  logOverride: { "empty-import-meta": "silent" },
  plugins: [iconFonts, literals({ ...(await dictionary("form")), ...(await dictionary("simulation")), ...(await dictionary("dmn")) })],
});

// The libraries' links to manuals of their makers lead to our own pages: networks of offices are closed ones. The bpmn.io
// mark keeps its link. A test looks that no other host is left.
const MANUALS = [
  [/https:\/\/docs\.camunda\.(?:org|io)\/[\w./#-]*timer-events[\w./#-]*/g, "/checks/due-dates-in-working-days"],
  [/https:\/\/(?:docs\.oracle\.com|docs\.camunda\.io\/docs\/components\/(?:connectors|modeler\/feel))\/[\w./#-]*/g, "/checks/feel-parses"],
  [/https:\/\/(?:developer\.mozilla\.org|docs\.camunda\.io\/docs\/components\/modeler\/forms)\/[\w./#-]*/g, "/checks/form-fields-are-valid"],
  [/https:\/\/docs\.camunda\.(?:org|io)\/[\w./#-]*/g, "/checks/only-supported-elements"],
  [/https:\/\/bpmn\.io\/l\/dmn-compatibility\.html/g, "/checks"],
];
for (const name of Object.keys(made.metafile.outputs).filter((one) => one.endsWith(".js"))) {
  const file = path.resolve(here, name);
  const plain = await readFile(file, "utf8");
  await writeFile(file, MANUALS.reduce((text, [link, page]) => text.replace(link, page), plain));
}

await writeFile(path.join(target, "packages.json"), JSON.stringify(await packages(made.metafile)));

// Which packages really went in, with the text of each one's licence.
async function packages(metafile) {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const found = input.match(/^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/);
    if (found) folders.add(path.resolve(here, found[0]));
  }
  const gathered = [];
  for (const folder of [...folders].sort()) {
    const facts = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const texts = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort();
    const license = await Promise.all(texts.map((name) => readFile(path.join(folder, name), "utf8")));
    gathered.push({ name: facts.name, version: facts.version, license: facts.license ?? "", text: license.join("\n\n").trim() });
  }
  return gathered;
}
