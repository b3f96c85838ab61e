/**
 * What pruning the inner channels of a residual network leaves of its accuracy, without training: by weight norms alone, by
 * the same with readers fitted anew, by input energy, and by the loss of the best repair. A Markdown table; ends with 1
 * where a mark is missed.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/prune-accuracy.mjs [--seeds 0,1,2] [--results FILE.json] [--write]
 *
 * --results keeps what was measured, so that the table can be made in pieces; --write puts it into passes/prune-filters.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { channelGroups } from '../dist/src/channels/index.js';
import { inferShapes, readModelFile } from '../dist/src/onnx/index.js';
import { nodeNames } from '../dist/src/rewrite/index.js';
import { circumstances, compressAndMeasure, mean, numbers, openJudge, openResults } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { corpusFile } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

const model = corpusFile.model('cifar10_resnet20.onnx');
const preprocess = corpusFile.preprocess('cifar10_resnet.json');
const calibrate = corpusFile.data('cifar10_train_lossless4645.npz');
const tests = ['lossless_423', 'jpeg_5000'].map((name) => ({
  name,
  images: corpusFile.data(`cifar10_test_${name}.npz`),
  preprocess,
}));

/** Top-1 in percent on the lossless test images, at least. */
const marks = { 'l1 refitted 0.75': 86, 'obs refitted 0.75': 89, 'obs refitted 0.5': 76 };

/** @type {readonly { criterion: string, refit: boolean }[]} */
const ways = [
  { criterion: 'l1', refit: false },
  { criterion: 'l1', refit: true },
  { criterion: 'activation', refit: true },
  { criterion: 'obs', refit: true },
];
/** What is left of the inner channels. */
const shares = [0.75, 0.5];

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '0,1,2' },
    results: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

if (existsSync(model)) await main();
else {
  console.error('prune-accuracy: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

async function main() {
  /** @type {ReturnType<typeof openResults<Awaited<ReturnType<typeof compressAndMeasure>>>>} */
  const results = openResults(values.results);
  const judge = await openJudge({ threads: 2 });
  const include = await innerMakers();
  try {
    const lines = [];
    for (const share of shares)
      for (const { criterion, refit } of ways) {
        const key = `${criterion}${refit ? ' refitted' : ''} ${share}`;
        const pipeline = `fuse-batch-norm,prune-filters{ratio=${1 - share},criterion=${criterion}}`;
        const outcomes = [];
        for (const seed of refit ? numbers(values.seeds) : [0]) {
          const data = refit ? { calibrate, preprocess, samples: 512, seed } : {};
          const options = { pipeline, include, ...data };
          outcomes.push(
            await results.measured(`${key} ${seed}`, () => compressAndMeasure(judge, model, options, tests)),
          );
        }
        lines.push(tableRow(cells(share, criterion, refit, outcomes, marks[key])));
      }
    const titles = ['left', 'criterion', 'readers', 'MACs', 'params', 'lossless', 'mark', 'JPEG', ''];
    const note = `\nResNet-20, channels inside the blocks, 512 images, no training; means over seeds ${values.seeds}. ${await circumstances(model)}.`;
    const table = [tableHead(titles), ...lines, note].join('\n');
    console.log(table);
    if (values.write) replaceTable(join(root, 'passes/prune-filters/README.md'), 'prune-accuracy.mjs', () => table);
  } finally {
    await judge.close();
  }
}

/** Convolutions whose channels no other node makes. */
async function innerMakers() {
  const read = await readModelFile(model);
  const names = nodeNames(read);
  return channelGroups(read, inferShapes(read)).groups.flatMap(({ frozen, members }) => {
    const makers = members.filter(({ role }) => role === 'makes');
    return frozen || makers.length !== 1 ? [] : makers.map(({ node }) => names.get(node) ?? node.name);
  });
}

function cells(share, criterion, refit, outcomes, mark) {
  const top1 = (name) => mean(outcomes.map(({ accuracy }) => 100 * accuracy[name].after));
  const [lossless, jpeg] = [top1('lossless_423'), top1('jpeg_5000')];
  const missed = mark !== undefined && lossless < mark;
  if (missed) process.exitCode = 1;
  const ratio = (kind) => `${mean(outcomes.map((outcome) => outcome[kind])).toFixed(2)}×`;
  return [
    `${100 * share} %`,
    criterion,
    refit ? 'fitted anew' : 'as they are',
    ratio('macs'),
    ratio('params'),
    `${lossless.toFixed(1)} %`,
    mark === undefined ? '' : `at least ${mark}`,
    `${jpeg.toFixed(1)} %`,
    mark === undefined ? '' : missed ? 'missed' : 'met',
  ];
}
