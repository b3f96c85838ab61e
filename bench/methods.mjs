/**
 * Every factorize pass at three quarters and at half of the MACs, and the rank passes with tucker-2 (error-ranks, which
 * compares methods, with four of them), on one network: a Markdown table on standard output.
 *
 *     npm run build && node bench/methods.mjs [MODEL] [--write] [--only PASS]
 *
 * MODEL is examples/digits/digits.onnx by default. Accuracy is measured where the test images are known (networks.mjs).
 * --write puts the rows into the README of each pass as well, in place of those of the same network, but for pipelines that
 * changed nothing. --only takes one pass.
 * Everything but the latency is the same on every machine.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, compress, latency, ratio, tableHead, tableRow, topOne } from './compress.mjs';
import { digits, networkOf } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/** @typedef {import('./compress.mjs').Report} Report */

const atShare = (share, method) => `ratio-ranks{macs=${share}},${method}`;
const atShares = (method) => [0.75, 0.5].map((share) => atShare(share, method));

/**
 * pass → pipelines after fuse-batch-norm, '' for that pass alone. cp-split at three quarters has ranks of three times the
 * channels, whose fits take minutes.
 */
const cases = {
  'fuse-batch-norm': [''],
  'tucker-2': atShares('tucker-2'),
  'spatial-svd': atShares('spatial-svd'),
  'channel-svd': atShares('channel-svd'),
  'tensor-train': atShares('tensor-train'),
  svd: atShares('svd'),
  'cp-split': ['cp-split', 'cp-split{form=four}'].map((method) => atShare(0.5, method)),
  'grouped-core': [atShare(0.5, 'grouped-core')],
  'vbmf-ranks': ['', '{mode=published}', '{weakening=0.8}'].map((options) => `vbmf-ranks${options},tucker-2`),
  'energy-ranks': [0.999, 0.99, 0.9].map((keep) => `energy-ranks{keep=${keep}},tucker-2`),
  'error-ranks': [0.01, 0.05, 0.2].map((max) => `error-ranks{max=${max}},svd,channel-svd,spatial-svd,tucker-2`),
  'ratio-ranks': ['macs=0.5', 'macs=0.5,block=8', 'params=0.5', 'macs=0.5,ends=fit'].map(
    (options) => `ratio-ranks{${options}},tucker-2`,
  ),
};

const titles = ['network', 'pipeline', 'nodes', 'params', 'MACs', 'weight error', 'exact', 'latency', 'top-1'];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, only: { type: 'string' } },
});
measureAll(networkOf(positionals[0] ?? digits.model));

/** @param {import('./networks.mjs').Network} network */
function measureAll(network) {
  console.log(tableHead(['pass', ...titles]));
  let report;
  for (const [pass, pipelines] of Object.entries(cases)) {
    if (values.only !== undefined && values.only !== pass) continue;
    const rows = [];
    for (const pipeline of pipelines) {
      report = compress(network, pipeline === '' ? 'fuse-batch-norm' : `fuse-batch-norm,${pipeline}`);
      const row = cells(network.title, pipeline || 'fuse-batch-norm', report);
      console.log(tableRow([pass, ...row]));
      if (report.input.sha256 !== report.output.sha256) rows.push(tableRow(row));
    }
    if (values.write && rows.length > 0) writeRows(pass, network.title, rows);
  }
  if (report) console.log(`\n${circumstances(report)}`);
}

/**
 * @param {string} title
 * @param {string} pipeline
 * @param {Report} report
 */
function cells(title, pipeline, { input, output, nodes, verification, benchmark }) {
  const rewritten = nodes.filter(({ method }) => method !== null);
  const { exact, metric } = verification;
  return [
    title,
    `\`${pipeline}\``,
    `${rewritten.length} of ${nodes.length}`,
    ratio(input.params, output.params),
    ratio(input.macs, output.macs),
    weightErrors(rewritten.map(({ weightError }) => weightError ?? 0)),
    exact && rewritten.length > 0 ? exact.maxRelativeError.toExponential(0) : '–',
    input.sha256 === output.sha256 ? '–' : latency(benchmark),
    topOne(metric),
  ];
}

/** `0.31, 0.94`: mean and largest. @param {readonly number[]} errors */
function weightErrors(errors) {
  if (errors.length === 0) return '–';
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  return `${mean.toPrecision(2)}, ${Math.max(...errors).toPrecision(2)}`;
}

/**
 * Puts rows into the table of a pass's README; in place of those of the same network, at the end when there are none.
 *
 * @param {string} pass
 * @param {string} title
 * @param {readonly string[]} rows
 */
function writeRows(pass, title, rows) {
  replaceTable(join(root, 'passes', pass, 'README.md'), 'methods.mjs', (old) => {
    const [, ...measured] = old.split('\n').filter((line) => line.startsWith('| '));
    const isReplaced = (line) => line.startsWith(`| ${title} |`);
    const place = measured.findIndex(isReplaced);
    const lines = measured.filter((line) => !isReplaced(line));
    lines.splice(place < 0 ? lines.length : place, 0, ...rows);
    return [tableHead(titles), ...lines].join('\n');
  });
}
