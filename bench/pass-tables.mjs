/**
 * Writes the measured table of each factorize and rank pass into its README, on the digits of examples/.
 *
 *     npm run build && node bench/pass-tables.mjs
 *
 * Nothing in these tables is a time, so they are the same on every machine.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './measure.mjs';
import { command, root } from './python.mjs';

const digits = join(root, 'examples/digits');
const [start, end] = ['<!-- measured: bench/pass-tables.mjs -->', '<!-- end -->'];
const atRatios = (method) => [0.75, 0.5, 0.25].map((share) => `ratio-ranks{params=${share},ends=fit},${method}`);

/** pass → pipelines after fuse-batch-norm. */
const cases = {
  'tucker-2': atRatios('tucker-2'),
  'cp-split': [...atRatios('cp-split'), ...atRatios('cp-split{form=four}').slice(1)],
  'spatial-svd': atRatios('spatial-svd'),
  'channel-svd': atRatios('channel-svd'),
  svd: atRatios('svd'),
  'tensor-train': atRatios('tensor-train'),
  'vbmf-ranks': ['vbmf-ranks,tucker-2', 'vbmf-ranks{mode=published},tucker-2', 'vbmf-ranks{weakening=0.8},tucker-2'],
  'energy-ranks': [0.999, 0.99, 0.9].map((keep) => `energy-ranks{keep=${keep}},tucker-2`),
  'error-ranks': [0.01, 0.05, 0.2].map(
    (max) => `error-ranks{max=${max}},svd,channel-svd,spatial-svd,tucker-2,cp-split`,
  ),
  'ratio-ranks': ['ratio-ranks{params=0.5},tucker-2,svd', 'ratio-ranks{macs=0.5,block=16},tucker-2,svd'],
};

const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-tables-'));
try {
  for (const [pass, pipelines] of Object.entries(cases)) await writeTable(pass, pipelines);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} pass @param {readonly string[]} pipelines */
async function writeTable(pass, pipelines) {
  const rows = [];
  for (const pipeline of pipelines) rows.push(row(pipeline, await reportOf(`fuse-batch-norm,${pipeline}`)));
  const header = ['pipeline after `fuse-batch-norm`', 'nodes', 'parameters', 'MACs', 'weight error', 'top-1'];
  const table = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const about =
    'On the digits network of [examples](../../examples/digits), which has batch-norms and kernels of low rank:';
  const readme = join(root, 'passes', pass, 'README.md');
  const text = readFileSync(readme, 'utf8').split(`\n## Measured`)[0].trimEnd();
  writeFileSync(readme, `${text}\n\n## Measured\n\n${start}\n${about}\n\n${table}\n${end}\n`);
  console.log(`${pass}\n${table}\n`);
}

/** @param {string} pipeline */
async function reportOf(pipeline) {
  const report = join(folder, 'report.json');
  const data = ['--evaluate', join(digits, 'digits-test.npz'), '--preprocess', join(digits, 'preprocess.json')];
  const options = ['--pipeline', pipeline, ...data, '--report', report, '--no-bench', '--quiet', '--force'];
  await measure(command([join(digits, 'digits.onnx'), join(folder, 'small.onnx'), ...options]));
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** @param {string} pipeline */
function row(pipeline, { input, output, nodes, verification }) {
  const rewritten = nodes.filter(({ method }) => method !== null);
  const errors = rewritten.map(({ weightError }) => weightError ?? 0);
  const range = [Math.min(...errors), Math.max(...errors)].map((error) => error.toPrecision(2)).join('–');
  const { before, after } = verification.metric;
  return [
    `\`${pipeline}\``,
    `${rewritten.length} of ${nodes.length}`,
    ratio(input.params, output.params),
    ratio(input.macs, output.macs),
    rewritten.length > 0 ? range : '–',
    `${percent(before)} → ${percent(after)}`,
  ];
}

function ratio(before, after) {
  return `${(before / after).toFixed(2)}×`;
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
