// node unbrotli.cjs SOURCE TARGET: Python has no brotli of its own, Node has.
const { createReadStream, createWriteStream } = require("node:fs");
const { createBrotliDecompress } = require("node:zlib");
const { pipeline } = require("node:stream/promises");

const [source, target] = process.argv.slice(2);
pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
