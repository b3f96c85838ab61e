/**
 * Filters pruned, nodes factorized, or both in one plan, at equal loss: each the fewest MACs at which the Kullback-Leibler
 * divergence from the original stays within a bound on calibration samples kept back. No training. A Markdown table of
 * params and MACs, and of the accuracy on images that no fit has seen; ends with 1 where both together need more MACs
 * than either alone.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/prune-and-factorize.mjs [--networks resnet20,…] [--seeds 0]
 *         [--results FILE.json] [--write]
 *
 * --results keeps what was measured, so that the table can be made in pieces; --write puts it into docs/goals.md.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances, compressAndMeasure, mean, numbers, openJudge, openResults, points } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { writeHalves } from './data-halves.mjs';
import { corpusFile } from './networks.mjs';
import { root } from './python.mjs';
import { replaceTable } from './replace-table.mjs';

/** In nats. */
const maxKl = 0.02;

/** Of the fits, so that five networks take no more than some hours. */
const economy = { samples: 256, effort: 'fast' };

const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
const halves = { even: join(folder, 'even.npz'), odd: join(folder, 'odd.npz') };

const cifar = {
  calibrate: corpusFile.data('cifar10_train_lossless4645.npz'),
  test: corpusFile.data('cifar10_test_jpeg_5000.npz'),
};

const networks = {
  lenet: {
    title: 'LeNet-5',
    file: 'mnist_lenet5.onnx',
    preprocess: 'mnist.json',
    // 1024 of its images calibrate and judge.
    calibrate: corpusFile.data('mnist_test_5000.npz'),
    test: corpusFile.data('mnist_test_5000.npz'),
  },
  resnet20: { title: 'ResNet-20', file: 'cifar10_resnet20.onnx', preprocess: 'cifar10_resnet.json', ...cifar },
  resnet44: { title: 'ResNet-44', file: 'cifar10_resnet44.onnx', preprocess: 'cifar10_resnet.json', ...cifar },
  squeezenet: {
    title: 'SqueezeNet 1.1',
    file: 'imagenet_squeezenet1.1.onnx',
    preprocess: 'imagenet_squeezenet1.1.json',
    calibrate: halves.even,
    test: halves.odd,
  },
  probe64: {
    title: 'ResNet-50 v2',
    file: 'cifar10_resnet50v2s3_probe64.onnx',
    preprocess: 'cifar10_probe64.json',
    ...cifar,
  },
};

const ways = {
  'prune only': { pipeline: 'fuse-batch-norm,prune-filters,eliminate-dead-nodes,share-initializers' },
  'factorize only': { skipPasses: ['prune-filters'] },
  'both in one plan': {},
};

const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: Object.keys(networks).join() },
    seeds: { type: 'string', default: '0' },
    results: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

if (existsSync(corpusFile.model(networks.lenet.file))) await main();
else {
  console.error('prune-and-factorize: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}
rmSync(folder, { recursive: true, force: true });

async function main() {
  /** @type {ReturnType<typeof openResults<Awaited<ReturnType<typeof compressAndMeasure>>>>} */
  const results = openResults(values.results);
  await writeHalves(corpusFile.data('imagenet_250.npz'), halves);
  const judge = await openJudge({ threads: 2 });
  try {
    const lines = [];
    for (const name of values.networks.split(',')) {
      const network = networks[name];
      const macs = {};
      for (const [way, options] of Object.entries(ways)) {
        const outcomes = [];
        for (const seed of numbers(values.seeds))
          outcomes.push(await results.measured(`${name} ${way} ${seed}`, () => measure(judge, network, options, seed)));
        macs[way] = mean(outcomes.map((outcome) => outcome.macs));
        lines.push(tableRow([network.title, way, ...cells(outcomes)]));
      }
      // Budgets are found to 4 %.
      const alone = Math.max(macs['prune only'], macs['factorize only']);
      if (macs['both in one plan'] < 0.96 * alone) process.exitCode = 1;
    }
    const titles = ['network', '', 'MACs', 'params', 'top-1'];
    const model = corpusFile.model(networks.resnet20.file);
    const note = `\n\`--max-kl ${maxKl} --samples ${economy.samples} --effort ${economy.effort}\`, fewest MACs; means over seeds ${values.seeds}. ${await circumstances(model)}.`;
    const table = [tableHead(titles), ...lines, note].join('\n');
    console.log(table);
    if (values.write) replaceTable(join(root, 'docs/goals.md'), 'prune-and-factorize.mjs', () => table);
  } finally {
    await judge.close();
  }
}

function measure(judge, { file, preprocess, calibrate, test }, options, seed) {
  const prepared = corpusFile.preprocess(preprocess);
  const goal = { ...options, ...economy, maxKl, calibrate, preprocess: prepared, seed, bestEffort: true };
  return compressAndMeasure(judge, corpusFile.model(file), goal, [
    { name: 'test', images: test, preprocess: prepared },
  ]);
}

function cells(outcomes) {
  const before = mean(outcomes.map(({ accuracy }) => 100 * accuracy.test.before));
  const after = mean(outcomes.map(({ accuracy }) => 100 * accuracy.test.after));
  const times = (kind) => `${mean(outcomes.map((outcome) => outcome[kind])).toFixed(2)}×`;
  return [times('macs'), times('params'), `${after.toFixed(1)} % (${points(after - before)})`];
}
