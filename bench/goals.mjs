/**
 * What a named goal comes to on networks of the corpus, calibrated with their own data, no training: the ratio of times of
 * the written model, in turns with the original on one thread, and what it keeps of the accuracy on images that neither
 * the fits nor the promise have seen. A Markdown table; ends with 1 where a mark is missed.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/goals.mjs [--rows resnet20-latency,…] [--seeds 0] [--results FILE.json]
 *         [--cache DIR] [--write]
 *
 * --rows takes names or their beginnings, --list shows them. --results keeps what was measured; --cache keeps what the runs
 * have timed; --write puts the table into docs/goals.md. Worth something on a quiet machine only.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bench, compress } from '../dist/src/index.js';
import { circumstances, mean, numbers, openJudge, openResults, points } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { writeHalves } from './data-halves.mjs';
import { corpusFile } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/**
 * @typedef {object} Row
 * @property {string} title
 * @property {string} model
 * @property {string} preprocess
 * @property {string} calibrate
 * @property {Readonly<Record<string, string>>} tests
 * @property {import('../src/pipeline/options.ts').EngineOptions} goal
 * @property {number} faster the ratio of times that the 95 % interval has to reach; byte-identical output counts as met
 * @property {Readonly<Record<string, { atLeast?: number, below?: number }>>} marks top-1 in percent, or points below
 *
 * @typedef {object} Outcome
 * @property {number} ratio
 * @property {readonly [number, number]} ci95
 * @property {boolean} same whether the model came back byte for byte
 * @property {number} macs
 * @property {number} params
 * @property {Record<string, import('./calibrated.mjs').Metric>} accuracy
 * @property {readonly { kind: string, wanted: string, reached: string, met: boolean }[]} targets
 * @property {Record<string, number>} seconds
 */

const cifar = {
  calibrate: corpusFile.data('cifar10_train_lossless4645.npz'),
  tests: {
    lossless: corpusFile.data('cifar10_test_lossless_423.npz'),
    jpeg: corpusFile.data('cifar10_test_jpeg_5000.npz'),
  },
};
const cifarPreprocess = corpusFile.preprocess('cifar10_resnet.json');
const model = (name) => corpusFile.model(`${name}.onnx`);

const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
const halves = { even: join(folder, 'even.npz'), odd: join(folder, 'odd.npz') };
const imagenet = { calibrate: halves.even, tests: { 'other half': halves.odd } };
const kept = (below) => ({ 'other half': { below } });

/** @type {Record<string, Row>} */
const rows = {
  'resnet20-latency': {
    title: 'ResNet-20',
    model: model('cifar10_resnet20'),
    preprocess: cifarPreprocess,
    ...cifar,
    goal: { targets: ['latency=0.5x'] },
    faster: 2,
    marks: { lossless: { atLeast: 90.5 } },
  },
  'resnet44-latency': {
    title: 'ResNet-44',
    model: model('cifar10_resnet44'),
    preprocess: cifarPreprocess,
    ...cifar,
    goal: { targets: ['latency=0.42x'] },
    faster: 2.35,
    marks: { lossless: { below: 1 }, jpeg: { below: 2 } },
  },
  'resnet50-latency': {
    title: 'ResNet-50 v2',
    model: model('cifar10_resnet50v2s3_probe64'),
    preprocess: corpusFile.preprocess('cifar10_probe64.json'),
    ...cifar,
    goal: { targets: ['latency=0.37x'] },
    faster: 2.7,
    marks: { jpeg: { below: 1.2 } },
  },
  'resnet50-drop': {
    title: 'ResNet-50 v2',
    model: model('cifar10_resnet50v2s3_probe64'),
    preprocess: corpusFile.preprocess('cifar10_probe64.json'),
    ...cifar,
    goal: { maxDrop: 1 },
    faster: 1,
    marks: { jpeg: { below: 1 } },
  },
  'squeezenet-drop': {
    title: 'SqueezeNet 1.1',
    model: model('imagenet_squeezenet1.1'),
    preprocess: corpusFile.preprocess('imagenet_squeezenet1.1.json'),
    ...imagenet,
    goal: { maxDrop: 1 },
    faster: 1.15,
    marks: kept(1.6),
  },
  'mobilenetv1-drop': {
    title: 'MobileNet v1 0.75',
    model: model('imagenet_mobilenetv1_075_192'),
    preprocess: corpusFile.preprocess('imagenet_mobilenet_192.json'),
    ...imagenet,
    goal: { maxDrop: 0.5 },
    faster: 0.98,
    marks: kept(0.5),
  },
  'mobilenetv2-drop': {
    title: 'MobileNet v2',
    model: model('imagenet_mobilenetv2_100_224'),
    preprocess: corpusFile.preprocess('imagenet_mobilenet_224.json'),
    ...imagenet,
    goal: { maxDrop: 0.5 },
    faster: 0.98,
    marks: kept(0.5),
  },
};

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    seeds: { type: 'string', default: '0' },
    results: { type: 'string' },
    cache: { type: 'string' },
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

if (values.list) console.log(Object.keys(rows).join('\n'));
else if (existsSync(model('cifar10_resnet20'))) await main();
else {
  console.error('goals: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}
rmSync(folder, { recursive: true, force: true });

async function main() {
  /** @type {ReturnType<typeof openResults<Outcome>>} */
  const results = openResults(values.results);
  await writeHalves(corpusFile.data('imagenet_250.npz'), halves);
  const judge = await openJudge({ threads: 2 });
  try {
    const wanted = values.rows?.split(',');
    const lines = [];
    for (const [name, row] of Object.entries(rows)) {
      if (!(wanted?.some((start) => name.startsWith(start)) ?? true)) continue;
      const outcomes = [];
      for (const seed of numbers(values.seeds))
        outcomes.push(await results.measured(`${name} ${seed}`, () => measureRow(judge, row, seed)));
      lines.push(tableRow(cells(row, outcomes)));
    }
    const titles = ['network', 'goal', 'MACs', 'params', 'faster (95 % interval)', 'mark', 'top-1', 'mark', ''];
    const note = `\nMeans over seeds ${values.seeds}. ${await circumstances(model('cifar10_resnet20'))}.`;
    const table = [tableHead(titles), ...lines, note].join('\n');
    console.log(table);
    if (values.write) replaceTable(join(root, 'docs/goals.md'), 'goals.mjs', () => table);
  } finally {
    await judge.close();
  }
}

/**
 * @param {import('./calibrated.mjs').Judge} judge
 * @param {Row} row
 * @param {number} seed
 * @returns {Promise<Outcome>}
 */
async function measureRow(judge, row, seed) {
  const { model: path, preprocess, calibrate, tests, goal } = row;
  const cache = values.cache === undefined ? {} : { cache: values.cache };
  const { report, bytes } = await compress(path, {
    ...goal,
    calibrate,
    preprocess,
    seed,
    threads: 1,
    bestEffort: true,
    ...cache,
  });
  const written = bytes();
  const { ratio, ci95 } = await bench(path, written, { threads: 1 });
  const { input, output, targets, run } = report;
  const named = Object.entries(tests).map(([name, images]) => ({ name, images, preprocess }));
  return {
    ratio,
    ci95,
    same: input.sha256 === output.sha256,
    macs: (input.macs ?? Number.NaN) / (output.macs ?? Number.NaN),
    params: input.params / output.params,
    accuracy: await judge.accuracy(path, written, named),
    targets,
    seconds: run.seconds,
  };
}

/** @param {Row} row @param {readonly Outcome[]} outcomes */
function cells({ title, goal, faster, marks }, outcomes) {
  const average = (value) => mean(outcomes.map(value));
  const [low, high] = [average(({ ci95 }) => ci95[0]), average(({ ci95 }) => ci95[1])];
  const same = outcomes.every((outcome) => outcome.same);
  const checks = [same || high >= faster];
  const accuracies = Object.keys(outcomes[0]?.accuracy ?? {}).map((test) => {
    const after = 100 * average(({ accuracy }) => accuracy[test].after);
    const difference = average(({ accuracy }) => accuracy[test].difference);
    const mark = marks[test];
    if (mark?.atLeast !== undefined) checks.push(after >= mark.atLeast);
    if (mark?.below !== undefined) checks.push(-difference <= mark.below);
    return `${test} ${after.toFixed(1)} % (${points(difference, 2)})`;
  });
  if (checks.includes(false)) process.exitCode = 1;
  return [
    title,
    `\`${goalText(goal)}\``,
    `${average(({ macs }) => macs).toFixed(2)}×`,
    `${average(({ params }) => params).toFixed(2)}×`,
    same ? 'kept byte for byte' : `${average(({ ratio }) => ratio).toFixed(2)}× (${low.toFixed(2)}–${high.toFixed(2)})`,
    `${faster}×`,
    accuracies.join('; '),
    Object.entries(marks)
      .map(([test, { atLeast, below }]) =>
        atLeast === undefined ? `${test} at most ${below} below` : `${test} ${atLeast} %`,
      )
      .join('; '),
    checks.includes(false) ? '**missed**' : 'met',
  ];
}

function goalText({ targets = [], maxDrop }) {
  return [
    ...targets.map((target) => `--target ${target}`),
    ...(maxDrop === undefined ? [] : [`--max-drop ${maxDrop}%`]),
  ].join(' ');
}
