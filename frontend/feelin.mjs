// Evaluates FEEL texts with the package that the browser's editors are built on: one JSON text a line in, one value a line out.
import { createInterface } from 'node:readline';
import { evaluate } from 'feelin';

const plain = (value) => {
  if (value === null || value === undefined) return null;
  if (['number', 'string', 'boolean'].includes(typeof value)) return Number.isNaN(value) ? null : value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value) !== Object.prototype) return { '@': value.constructor.name, text: String(value) };
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
};

for await (const line of createInterface({ input: process.stdin })) {
  let told;
  try {
    told = { value: plain(evaluate(JSON.parse(line), {}).value) };
  } catch (error) {
    told = { refused: String(error.message).slice(0, 200) };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
