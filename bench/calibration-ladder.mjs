/**
 * What each step of a calibrated fit is worth: ResNet-20 at half of each convolution's MACs, fitted without data, with
 * corrected biases, in the metric of the channels, of whole patches, and of patches of the rewritten network. Beside it what
 * others make of the same ranks without data: tensorly (partial_tucker, parafac, truncated SVD) and AIMET's spatial SVD.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/calibration-ladder.mjs [--methods cp-split,…] [--steps weights,…]
 *         [--seeds 0,1,2] [--results FILE.json] [--peers all|none] [--write]
 *
 * 512 training images calibrate; a seed draws them. Top-1 on 423 test images; the difference from the original on 5000 that
 * went through JPEG, which says more because they are more. Means over the seeds. --results keeps what was measured, so that
 * the table can be made in pieces; --write puts it into docs/how-it-keeps-accuracy.md.
 * AIMET is run where bench/requirements-aimet.txt installs (2.5 GB, PyTorch among it); ONNX_TUCKER_AIMET_PYTHON names a
 * Python that has it already.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DiagnosticError } from '../dist/src/index.js';
import { circumstances, compressAndMeasure, mean, numbers, openJudge, openResults, points } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { corpusFile } from './networks.mjs';
import { measurePeers } from './peers.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/** @typedef {import('./calibrated.mjs').Outcome} Outcome */

const steps = {
  weights: 'weights only',
  bias: '+ bias correction',
  channels: 'channel covariance',
  symmetric: 'patch covariance',
  asymmetric: 'patches of the rewritten network',
};
const methods = ['tucker-2', 'channel-svd', 'spatial-svd', 'cp-split', 'grouped-core'];

/** Passes whose fit in weight space depends on the seed. */
const seeded = ['cp-split', 'grouped-core'];

const model = corpusFile.model('cifar10_resnet20.onnx');
const calibrate = corpusFile.data('cifar10_train_lossless4645.npz');
const preprocess = corpusFile.preprocess('cifar10_resnet.json');
const tests = [
  { name: 'lossless', images: corpusFile.data('cifar10_test_lossless_423.npz'), preprocess },
  { name: 'jpeg', images: corpusFile.data('cifar10_test_jpeg_5000.npz'), preprocess },
];

const { values } = parseArgs({
  options: {
    methods: { type: 'string', default: methods.join() },
    steps: { type: 'string', default: Object.keys(steps).join() },
    seeds: { type: 'string', default: '0,1,2' },
    results: { type: 'string' },
    peers: { type: 'string', default: 'all' },
    write: { type: 'boolean', default: false },
  },
});

if (existsSync(model)) {
  await main();
} else {
  console.error('calibration-ladder: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

async function main() {
  const results = openResults(values.results);
  const judge = await openJudge({ threads: 2 });
  try {
    const columns = await measureMethods(judge, results);
    const others =
      values.peers === 'none' ? [] : await measurePeers(judge, results, { model, calibrate, tests, ratio: 0.5 });
    const table = [
      ladder('top-1, %', columns, others, ({ lossless }) => 100 * lossless.after),
      ladder('difference, points', columns, others, ({ jpeg }) => jpeg.difference),
      `\nOriginal: ${original(columns, 'lossless')} % on 423 test images, ${original(columns, 'jpeg')} % on 5000 JPEG images, of which the differences are. Means over seeds ${values.seeds}; largest distance between two seeds: ${spread(columns)} points of the differences. ${await circumstances(model)}.`,
    ].join('\n\n');
    console.log(table);
    if (values.write) replaceTable(join(root, 'docs/how-it-keeps-accuracy.md'), 'calibration-ladder.mjs', () => table);
  } finally {
    await judge.close();
  }
}

/** method → step → outcomes, one for each seed. */
async function measureMethods(judge, results) {
  /** @type {Record<string, Record<string, Outcome[]>>} */
  const columns = {};
  for (const method of values.methods.split(','))
    try {
      columns[method] = await measureSteps(judge, results, method);
    } catch (error) {
      if (!(error instanceof DiagnosticError && error.diagnostic.code === 'unknown-pass')) throw error;
      console.error(`${method}: there is no such pass`);
    }
  return columns;
}

async function measureSteps(judge, results, method) {
  /** @type {Record<string, Outcome[]>} */
  const column = {};
  for (const step of values.steps.split(',')) {
    const seeds = numbers(values.seeds);
    column[step] = [];
    for (const seed of step === 'weights' && !seeded.includes(method) ? seeds.slice(0, 1) : seeds)
      column[step].push(
        await results.measured(`${method} ${step} ${seed}`, () =>
          compressAndMeasure(judge, model, optionsOf(method, step, seed), tests),
        ),
      );
  }
  return column;
}

/** @param {string} method @param {string} step @param {number} seed */
function optionsOf(method, step, seed) {
  const options = { pipeline: `fuse-batch-norm,ratio-ranks{macs=0.5},${method}`, seed, threads: 2 };
  return step === 'weights' ? options : { ...options, calibrate, preprocess, samples: 512, fitMode: step };
}

/**
 * One table: a row for each step and each peer, a column for each method.
 *
 * @param {string} figure
 * @param {Record<string, Record<string, Outcome[]>>} columns
 * @param {readonly { title: string, accuracies: Record<string, readonly Outcome['accuracy'][]> }[]} others
 * @param {(accuracy: Outcome['accuracy']) => number} value
 */
function ladder(figure, columns, others, value) {
  const names = Object.keys(columns);
  const cell = (accuracies) => (accuracies?.length ? points(mean(accuracies.map(value))) : '–');
  const outcomes = (name) => Object.values(columns[name]).flat();
  return [
    tableHead([figure, ...names.map((name) => `\`${name}\``)]),
    tableRow([
      'MACs, whole model',
      ...names.map((name) => `${mean(outcomes(name).map(({ macs }) => macs)).toFixed(2)}×`),
    ]),
    ...values.steps
      .split(',')
      .map((step) =>
        tableRow([steps[step], ...names.map((name) => cell(columns[name][step].map(({ accuracy }) => accuracy)))]),
      ),
    ...others.map(({ title, accuracies }) => tableRow([title, ...names.map((name) => cell(accuracies[name]))])),
  ].join('\n');
}

/** @param {string} test */
function original(columns, test) {
  const [outcome] = Object.values(columns).flatMap((column) => Object.values(column).flat());
  return outcome ? (100 * outcome.accuracy[test].before).toFixed(1) : '–';
}

/** Largest distance between the differences of two seeds on the JPEG images, over all cells. */
function spread(columns) {
  const cells = Object.values(columns).flatMap((column) => Object.values(column));
  const widths = cells.map((outcomes) => {
    const differences = outcomes.map(({ accuracy }) => accuracy.jpeg.difference);
    return Math.max(...differences) - Math.min(...differences);
  });
  return Math.max(...widths).toFixed(1);
}
