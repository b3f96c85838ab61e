/**
 * Ranks of all nodes chosen together against the same share for every node, at the MACs that the latter come to: three
 * residual networks, the same methods, images and seeds. A Markdown table; ends with 1 where chosen together loses.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/allocated.mjs [--networks resnet20,…] [--seeds 0,1,2]
 *         [--results FILE.json] [--write]
 *
 * --results keeps what was measured, so that the table can be made in pieces; --write puts it into docs/goals.md.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, compressAndMeasure, mean, numbers, openJudge, openResults, points } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { corpusFile } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

const networks = {
  resnet20: { title: 'ResNet-20', file: 'cifar10_resnet20.onnx', preprocess: 'cifar10_resnet.json' },
  resnet44: { title: 'ResNet-44', file: 'cifar10_resnet44.onnx', preprocess: 'cifar10_resnet.json' },
  resnet50: { title: 'ResNet-50 v2', file: 'cifar10_resnet50v2s3_probe64.onnx', preprocess: 'cifar10_probe64.json' },
};
const share = 0.3333;
const methods = 'cp-split,svd';

const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: Object.keys(networks).join() },
    seeds: { type: 'string', default: '0,1,2' },
    results: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

if (existsSync(corpusFile.model(networks.resnet20.file))) await main();
else {
  console.error('allocated: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

async function main() {
  const results = openResults(values.results);
  const judge = await openJudge({ threads: 2 });
  try {
    const lines = [];
    for (const name of values.networks.split(',')) {
      const pairs = [];
      for (const seed of numbers(values.seeds)) pairs.push(await measurePair(results, judge, name, seed));
      lines.push(tableRow(cells(networks[name].title, pairs)));
    }
    const titles = ['network', 'MACs', 'test', 'uniform', 'allocated', 'allocated better by'];
    const note = `\nMeans over seeds ${values.seeds}. ${await circumstances(corpusFile.model(networks.resnet20.file))}.`;
    const table = [tableHead(titles), ...lines, note].join('\n');
    console.log(table);
    if (values.write) replaceTable(join(root, 'docs/goals.md'), 'allocated.mjs', () => table);
  } finally {
    await judge.close();
  }
}

async function measurePair(results, judge, name, seed) {
  const network = networks[name];
  const preprocess = corpusFile.preprocess(network.preprocess);
  const images = { lossless: 'cifar10_test_lossless_423.npz', jpeg: 'cifar10_test_jpeg_5000.npz' };
  const tests = Object.entries(images).map(([test, file]) => ({
    name: test,
    images: corpusFile.data(file),
    preprocess,
  }));
  const calibration = { calibrate: corpusFile.data('cifar10_train_lossless4645.npz'), samples: 512, preprocess };
  const run = (kind, options) =>
    results.measured(`${name} ${kind} ${seed}`, () =>
      compressAndMeasure(
        judge,
        corpusFile.model(network.file),
        { ...calibration, ...options, seed, threads: 2 },
        tests,
      ),
    );
  const uniform = await run('uniform', { pipeline: `fuse-batch-norm,ratio-ranks{macs=${share}},${methods}` });
  const allocated = await run('allocated', {
    pipeline: `fuse-batch-norm,${methods}`,
    targets: [`macs=${(1 / uniform.macs).toFixed(5)}x`],
  });
  return { uniform, allocated };
}

/** One line of cells, a test below the other. */
function cells(title, pairs) {
  const macs = (kind) => mean(pairs.map((pair) => pair[kind].macs)).toFixed(2);
  const tests = Object.keys(pairs[0].uniform.accuracy);
  const fallen = (kind, test) => mean(pairs.map((pair) => pair[kind].accuracy[test].difference));
  const better = tests.map((test) => fallen('allocated', test) - fallen('uniform', test));
  if (mean(better) <= 0) process.exitCode = 1;
  const listed = (value) => tests.map(value).join('<br>');
  return [
    title,
    `${macs('uniform')}×, ${macs('allocated')}×`,
    listed((test) => test),
    listed((test) => points(fallen('uniform', test), 2)),
    listed((test) => points(fallen('allocated', test), 2)),
    listed((_, at) => points(better[at], 2)),
  ];
}
