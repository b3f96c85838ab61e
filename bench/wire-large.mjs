/**
 * 1.9 GB of inline weights, parsed and written unchanged, against a bare Node program that reads, writes and fsyncs the
 * same file. Paired runs (A B A B …), each in a process of its own; wall time with start-up and peak memory.
 *
 *   node bench/wire-large.mjs [--pairs 5] [--megabytes 1900] [--folder DIR]
 *
 * Wanted: ratio of medians at most 1.2, peak memory at most the file + 300 MiB. Needs `npm run build`, and three times
 * the file's size on the disk.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '1900' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const mebi = 2 ** 20;

if (positionals[0] === 'onnx-tucker') await passThrough(positionals[1], positionals[2]);
else if (positionals[0] === 'bare') await copy(positionals[1], positionals[2]);
else await compare();

async function passThrough(input, output) {
  const { readModelFile, writeModelFile } = await import('../dist/src/onnx/index.js');
  await writeModelFile(await readModelFile(input), output);
  report();
}

async function copy(input, output) {
  const from = await open(input, 'r');
  const { size } = await from.stat();
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size; ) at += (await from.read(bytes, at, Math.min(256 * mebi, size - at))).bytesRead;
  await from.close();
  const to = await open(output, 'wx');
  for (let at = 0; at < size; ) at += (await to.write(bytes, at, Math.min(64 * mebi, size - at))).bytesWritten;
  await to.sync();
  await to.close();
  report();
}

function report() {
  console.log(process.resourceUsage().maxRSS * 1024);
}

async function compare() {
  const folder = mkdtempSync(join(values.folder, 'onnx-tucker-bench-'));
  try {
    const input = join(folder, 'in.onnx');
    await writeInput(input, Number(values.megabytes));
    const { size } = statSync(input);
    const runs = { 'onnx-tucker': [], bare: [] };
    for (const kind of Object.keys(runs)) run(kind, input, folder); // warms the page cache
    for (let pair = 0; pair < Number(values.pairs); pair++) {
      for (const kind of Object.keys(runs)) runs[kind].push(run(kind, input, folder));
    }
    show(runs, size);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Initializers of 100 MB each, as in a large language model's file. */
async function writeInput(path, megabytes) {
  const { encodeModelProto } = await import('../dist/src/wire/index.js');
  const weight = new Uint8Array(randomBytes(100_000_000));
  const names = Array.from({ length: Math.ceil(megabytes / 100) }, (_, index) => `w${index}`);
  const pieces = encodeModelProto({
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: {
      name: 'large',
      node: names.map((name) => ({ opType: 'Identity', input: [name], output: [`${name}_out`] })),
      initializer: names.map((name) => ({ name, dims: [25_000_000n], dataType: 1, rawData: weight })),
      output: names.map((name) => ({ name: `${name}_out` })),
    },
  });
  const file = openSync(path, 'wx');
  for (const piece of pieces) for (let at = 0; at < piece.byteLength; ) at += writeSync(file, piece, at);
  fsyncSync(file);
  closeSync(file);
}

function run(kind, input, folder) {
  const output = join(folder, 'out.onnx');
  const start = performance.now();
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), kind, input, output], {
    encoding: 'utf8',
  });
  const seconds = (performance.now() - start) / 1000;
  if (child.status !== 0) throw new Error(child.stderr);
  if (statSync(output).size !== statSync(input).size) throw new Error(`${kind} wrote another size`);
  rmSync(output);
  return { seconds, peak: Number(child.stdout) };
}

function show(runs, size) {
  const rows = runs.bare.map((bare, index) => {
    const ours = runs['onnx-tucker'][index];
    return {
      'onnx-tucker s': ours.seconds.toFixed(2),
      'bare s': bare.seconds.toFixed(2),
      ratio: (ours.seconds / bare.seconds).toFixed(2),
    };
  });
  console.table(rows);
  const ratio =
    median(runs['onnx-tucker'].map(({ seconds }) => seconds)) / median(runs.bare.map(({ seconds }) => seconds));
  const peak = Math.max(...runs['onnx-tucker'].map((item) => item.peak));
  console.log(`file ${(size / 1e9).toFixed(2)} GB · ratio of medians ${ratio.toFixed(3)} (wanted ≤ 1.2)`);
  console.log(`peak memory: the file + ${((peak - size) / mebi).toFixed(0)} MiB (wanted ≤ 300 MiB)`);
  if (ratio > 1.2 || peak - size > 300 * mebi) process.exitCode = 1;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
