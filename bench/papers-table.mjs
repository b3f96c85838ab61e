/**
 * The recipe of Kim et al. (ICLR 2016) before its fine-tuning, VBMF ranks and Tucker-2 on every k×k convolution, on the
 * residual networks of the corpus: a Markdown table on standard output.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/papers-table.mjs [--write]
 *
 * --write puts it into docs/papers-table.md as well.
 * Everything but the latency is the same on every machine.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, compress, latency, ratio, tableHead, tableRow, topOne } from './compress.mjs';
import { corpusNetworks } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/** @typedef {import('./compress.mjs').Report} Report */

const pipeline = 'fuse-batch-norm,vbmf-ranks,tucker-2';
const titles = [
  'network',
  'nodes',
  'params',
  'ratio',
  'MACs',
  'ratio',
  'weight error',
  'latency',
  'top-1',
  'difference',
];

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const networks = corpusNetworks();
if (networks.length === 0) {
  console.error('papers-table: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
} else {
  measureAll();
}

function measureAll() {
  const lines = [tableHead(titles)];
  let report;
  for (const network of networks) {
    report = compress(network, pipeline);
    lines.push(tableRow(cells(network.title, report)));
    console.error(network.title);
  }
  lines.push(`\n${report.verification.metric?.samples} test images; ${circumstances(report)}.`);
  const table = lines.join('\n');
  console.log(table);
  if (values.write) replaceTable(join(root, 'docs/papers-table.md'), 'papers-table.mjs', () => table);
}

/** @param {string} title @param {Report} report */
function cells(title, { input, output, nodes, verification, benchmark }) {
  const errors = nodes.flatMap(({ weightError }) => (weightError === null ? [] : [weightError]));
  const { metric } = verification;
  return [
    title,
    `${errors.length} of ${nodes.length}`,
    `${thousands(input.params)} → ${thousands(output.params)}`,
    ratio(input.params, output.params),
    `${millions(input.macs)} → ${millions(output.macs)}`,
    ratio(input.macs, output.macs),
    errors.length > 0 ? (errors.reduce((sum, error) => sum + error, 0) / errors.length).toFixed(2) : '–',
    latency(benchmark),
    topOne(metric),
    metric ? `${points(metric.difference)} (${metric.ci95.map(points).join(' … ')})` : '–',
  ];
}

/** @param {number} count */
function thousands(count) {
  return `${Math.round(count / 1000)} k`;
}

/** @param {number | null} count */
function millions(count) {
  return count === null ? '–' : `${(count / 1e6).toFixed(1)} M`;
}

/** Percentage points with a real minus sign. @param {number} value */
function points(value) {
  return value.toFixed(1).replace('-', '−');
}
