/**
 * What calibrated factorization keeps of the accuracy, each row with the mark that it is held to: networks of the corpus,
 * no training. A Markdown table on standard output; ends with 1 where a mark is missed.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/calibrated-accuracy.mjs [--rows resnet20-2x-cp,…] [--seeds 0,1,2]
 *         [--weights] [--results FILE.json] [--json] [--write]
 *
 * A row is the mean over the seeds, which draw the calibration images and start the fits. --rows takes names or their
 * beginnings, --list shows them. --weights fits without data instead; where the results have such runs, the table shows
 * their top-1 beside the calibrated one. --results keeps what was measured, so that the table can be made in pieces; --json
 * prints the rows as JSON; --write puts the table into docs/how-it-keeps-accuracy.md.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as library from '../dist/src/index.js';
import { circumstances, compressAndMeasure, mean, numbers, openJudge, openResults, points } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { corpusFile } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/**
 * @typedef {import('./calibrated.mjs').Outcome} Outcome
 *
 * @typedef {object} Mark at least this top-1, or at most so many points below the original
 * @property {string} test
 * @property {number} [atLeast] percent
 * @property {number} [below] percentage points
 *
 * @typedef {object} Row
 * @property {typeof networks[keyof typeof networks]} network
 * @property {string} pipeline
 * @property {Record<string, unknown>} [options] instead of 512 images at normal effort
 * @property {string} [evidence] what it is fitted on, where that is no images
 * @property {Mark} mark
 */

const cifar = {
  calibrate: corpusFile.data('cifar10_train_lossless4645.npz'),
  images: {
    lossless: corpusFile.data('cifar10_test_lossless_423.npz'),
    jpeg: corpusFile.data('cifar10_test_jpeg_5000.npz'),
  },
};
const mnist = {
  calibrate: corpusFile.data('mnist_train.npz'),
  images: { mnist: corpusFile.data('mnist_test_5000.npz') },
};

const networks = {
  resnet20: { title: 'ResNet-20', file: 'cifar10_resnet20.onnx', ...cifar, preprocess: 'cifar10_resnet.json' },
  resnet44: { title: 'ResNet-44', file: 'cifar10_resnet44.onnx', ...cifar, preprocess: 'cifar10_resnet.json' },
  resnet50: {
    title: 'ResNet-50 v2',
    file: 'cifar10_resnet50v2s3_probe64.onnx',
    ...cifar,
    preprocess: 'cifar10_probe64.json',
  },
  lenet300: { title: 'LeNet-300', file: 'mnist_lenet300.onnx', ...mnist, preprocess: 'mnist.json' },
  lenet5: { title: 'LeNet-5', file: 'mnist_lenet5.onnx', ...mnist, preprocess: 'mnist.json' },
};

const { resnet20, resnet44, resnet50, lenet300, lenet5 } = networks;
const halved = (method) => `fuse-batch-norm,ratio-ranks{macs=0.5},${method}`;
const third = (method) => `fuse-batch-norm,ratio-ranks{macs=0.3333},${method}`;
const lossless = (atLeast) => ({ test: 'lossless', atLeast });

/** @type {Record<string, Row>} */
const rows = {
  'resnet20-2x-cp': { network: resnet20, pipeline: halved('cp-split'), mark: lossless(91) },
  'resnet20-2x-spatial': { network: resnet20, pipeline: halved('spatial-svd'), mark: lossless(88.5) },
  'resnet20-2x-tucker': { network: resnet20, pipeline: halved('tucker-2'), mark: lossless(86.5) },
  'resnet20-2x-channel': { network: resnet20, pipeline: halved('channel-svd'), mark: lossless(80.5) },
  'resnet20-2x-synthetic': {
    network: resnet20,
    pipeline: halved('cp-split'),
    options: { calibrate: 'synthetic' },
    evidence: 'synthetic images',
    mark: lossless(88.5),
  },
  'resnet20-2x-statistics': {
    network: resnet20,
    pipeline: halved('cp-split'),
    evidence: 'statistics file',
    mark: lossless(89.5),
  },
  'resnet20-3x-cp': {
    network: resnet20,
    pipeline: third('cp-split'),
    options: { samples: 2048, effort: 'max' },
    mark: lossless(90),
  },
  'resnet44-3x-cp': { network: resnet44, pipeline: third('cp-split'), mark: lossless(92) },
  'resnet50-2x': { network: resnet50, pipeline: halved('cp-split,svd'), mark: { test: 'jpeg', below: 0.7 } },
  'resnet50-3x': { network: resnet50, pipeline: third('cp-split,svd'), mark: { test: 'jpeg', below: 2 } },
  // Ranks: node bench/lenet-ranks.mjs lenet300 7
  'lenet300-7x': {
    network: lenet300,
    pipeline: 'fixed-ranks{/fc1/Gemm=27,/fc2/Gemm=18},svd',
    options: { samples: 2048 },
    mark: { test: 'mnist', below: 1 },
  },
  // Ranks: node bench/lenet-ranks.mjs lenet5 9.5
  'lenet5-9.5x': {
    network: lenet5,
    pipeline: 'fixed-ranks{/conv2/Conv=40,/fc1/Gemm=27},cp-split,svd',
    options: { samples: 2048 },
    mark: { test: 'mnist', below: 1 },
  },
};

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    seeds: { type: 'string', default: '0,1,2' },
    weights: { type: 'boolean', default: false },
    results: { type: 'string' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const seeds = numbers(values.seeds);

if (values.list) {
  console.log(Object.keys(rows).join('\n'));
} else if (existsSync(corpusFile.model(resnet20.file))) {
  await main();
} else {
  console.error('calibrated-accuracy: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

async function main() {
  const results = openResults(values.results);
  const judge = await openJudge({ threads: 2 });
  try {
    const measured = [];
    for (const [name, row] of chosenRows()) {
      const outcomes = [];
      for (const seed of seeds)
        outcomes.push(
          await results.measured(keyOf(name, row, values.weights, seed), () => measureRow(judge, row, seed)),
        );
      const withoutData = seeds.flatMap((seed) => results.get(keyOf(name, row, true, seed)) ?? []);
      measured.push({ name, row, outcomes, withoutData, ...verdict(row.mark, outcomes) });
    }
    await show(measured);
  } finally {
    await judge.close();
  }
}

/** @param {string} name @param {Row} row @param {boolean} weights @param {number} seed */
function keyOf(name, { pipeline }, weights, seed) {
  return `${name} ${pipeline}${weights ? ' weights' : ''} ${seed}`;
}

function chosenRows() {
  const wanted = values.rows?.split(',');
  return Object.entries(rows).filter(([name]) => wanted?.some((start) => name.startsWith(start)) ?? true);
}

/** @param {import('./calibrated.mjs').Judge} judge @param {Row} row @param {number} seed @returns {Promise<Outcome>} */
async function measureRow(judge, row, seed) {
  const { network, pipeline } = row;
  const model = corpusFile.model(network.file);
  const preprocess = corpusFile.preprocess(network.preprocess);
  const tests = Object.entries(network.images).map(([name, images]) => ({ name, images, preprocess }));
  const calibration = { calibrate: network.calibrate, samples: 512, preprocess, ...row.options };
  const options = { pipeline, seed, threads: 2 };
  if (values.weights) return compressAndMeasure(judge, model, options, tests);
  if (row.evidence !== 'statistics file')
    return compressAndMeasure(judge, model, { ...options, ...calibration }, tests);
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
  try {
    const statistics = join(folder, 'statistics.bin');
    const observed = await library.observe(model, { ...options, ...calibration });
    await observed.writeTo(statistics);
    return await compressAndMeasure(judge, model, { ...options, statistics }, tests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the mark is about, as reached: top-1 in percent, or points below the original. */
function verdict({ test, atLeast, below }, outcomes) {
  const metrics = outcomes.map(({ accuracy }) => accuracy[test]);
  if (atLeast === undefined) {
    const reached = -mean(metrics.map(({ difference }) => difference));
    // Shares of images in binary: 0.7 is not exactly 105 of 15000.
    return { reached, met: reached <= below + 1e-9 };
  }
  const reached = 100 * mean(metrics.map(({ after }) => after));
  return { reached, met: reached >= atLeast };
}

async function show(measured) {
  if (measured.some(({ met }) => !met)) process.exitCode = 1;
  const json = measured.map(({ row: { mark, pipeline, options, evidence }, ...rest }) => ({
    ...rest,
    pipeline,
    options,
    evidence,
    mark,
  }));
  if (values.json) {
    console.log(JSON.stringify(json, undefined, 2));
    return;
  }
  const titles = [
    'network',
    'pipeline',
    'fitted on',
    'MACs',
    'params',
    'weights only',
    'top-1',
    'difference',
    'mark',
    'reached',
    '',
  ];
  const rows = [titles, ...measured.map(cells)];
  const withWeights = measured.some(({ withoutData }) => withoutData.length > 0);
  const [head = [], ...body] = withWeights ? rows : rows.map((row) => row.toSpliced(titles.indexOf('weights only'), 1));
  const lines = [
    tableHead(head),
    ...body.map(tableRow),
    `\nMeans over seeds ${values.seeds}. ${await circumstances(corpusFile.model(resnet20.file))}.`,
  ];
  const table = lines.join('\n');
  console.log(table);
  if (values.write) replaceTable(join(root, 'docs/how-it-keeps-accuracy.md'), 'calibrated-accuracy.mjs', () => table);
}

/**
 * @param {{ row: Row, outcomes: readonly Outcome[], withoutData: readonly Outcome[], reached: number, met: boolean }} measured
 */
function cells({ row: { network, pipeline, options, evidence, mark }, outcomes, withoutData, reached, met }) {
  const average = (value) => mean(outcomes.map(value));
  const [first, last] = [Object.keys(network.images)[0], Object.keys(network.images).at(-1)];
  return [
    network.title,
    `\`${pipeline.replace('fuse-batch-norm,', '')}\``,
    values.weights ? 'weights only' : (evidence ?? fittedOn(options)),
    `${average(({ macs }) => macs).toFixed(2)}×`,
    `${average(({ params }) => params).toFixed(2)}×`,
    withoutData.length > 0 ? `${percent(mean(withoutData.map(({ accuracy }) => accuracy[first].after)))} %` : '–',
    `${percent(outcomes[0]?.accuracy[first].before)} → ${percent(average(({ accuracy }) => accuracy[first].after))} %`,
    points(
      average(({ accuracy }) => accuracy[last].difference),
      2,
    ),
    mark.atLeast === undefined ? `at most ${mark.below} below` : `${mark.atLeast} %`,
    mark.atLeast === undefined ? points(reached, 2) : `${reached.toFixed(1)} %`,
    met ? 'met' : '**missed**',
  ];
}

function fittedOn({ samples = 512, effort } = {}) {
  return effort ? `${samples} images, effort ${effort}` : `${samples} images`;
}

/** @param {number | undefined} share */
function percent(share) {
  return share === undefined ? '–' : (100 * share).toFixed(1);
}
