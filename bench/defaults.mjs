/**
 * What the default options make of every model of the corpus: never slower than 0.97×, timed in turns with the original;
 * never larger; 99 % of the answers kept where there are images. Ends with 1 where that does not hold.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/defaults.mjs [--only PART_OF_NAME] [--results FILE.json]
 *
 * Worth something on a quiet machine only.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bench, compress, verify } from '../dist/src/index.js';
import { openResults } from './calibrated.mjs';
import { tableHead, tableRow } from './compress.mjs';
import { corpusFile } from './networks.mjs';

/** Images and preprocessing, by the beginning of a file's name. */
const images = [
  ['cifar10_resnet50', 'cifar10_test_jpeg_5000.npz', 'cifar10_probe64.json'],
  ['cifar10_', 'cifar10_test_jpeg_5000.npz', 'cifar10_resnet.json'],
  ['mlperf_pretrainedResnet', 'cifar10_test_jpeg_5000.npz', 'mlperf_cifar_raw.json'],
  ['imagenet_squeezenet', 'imagenet_250.npz', 'imagenet_squeezenet1.1.json'],
  ['imagenet_mobilenetv1_025', 'imagenet_250.npz', 'imagenet_mobilenet_128.json'],
  ['imagenet_mobilenetv1_075', 'imagenet_250.npz', 'imagenet_mobilenet_192.json'],
  ['imagenet_mobilenetv2', 'imagenet_250.npz', 'imagenet_mobilenet_224.json'],
  ['mnist_lenet', 'mnist_test_5000.npz', 'mnist.json'],
];

const { values } = parseArgs({ options: { only: { type: 'string', default: '' }, results: { type: 'string' } } });

const models = dirname(corpusFile.model('any'));
const zoo = join(models, '../zoo');
const files = [models, zoo]
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.onnx') && basename(file).includes(values.only));
if (files.length === 0) {
  console.error('defaults: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

/**
 * @typedef {{ rewritten: number, same: boolean, bytes: number, ratio: number | null, ci95: readonly number[] | null, agreement: number | null, error?: string }} Outcome
 * @type {ReturnType<typeof openResults<Outcome>>}
 */
const results = openResults(values.results);
const lines = [];
for (const file of files) {
  const outcome = await results.measured(basename(file), () => measureModel(file));
  const { rewritten, same, bytes, ratio, ci95, agreement, error } = outcome;
  const holds =
    error === undefined && bytes <= 1 && (ratio === null || ratio >= 0.97) && (agreement === null || agreement >= 0.99);
  if (!holds) process.exitCode = 1;
  lines.push(
    tableRow([
      basename(file, '.onnx'),
      error ?? (same ? 'kept byte for byte' : `${rewritten} nodes rewritten`),
      error ? '–' : `${bytes.toFixed(3)}×`,
      ratio === null ? '–' : `${ratio.toFixed(2)}× (${ci95?.map((bound) => bound.toFixed(2)).join('–')})`,
      agreement === null ? '–' : `${(100 * agreement).toFixed(1)} %`,
      holds ? '' : '**missed**',
    ]),
  );
}
console.log([tableHead(['model', 'result', 'bytes', 'faster', 'agreement', '']), ...lines].join('\n'));

/** @param {string} file @returns {Promise<Outcome>} */
async function measureModel(file) {
  try {
    const { report, bytes } = await compress(file, { threads: 1 });
    const { input, output, nodes } = report;
    const common = {
      rewritten: nodes.filter(({ method }) => method !== null).length,
      same: input.sha256 === output.sha256,
      bytes: output.bytes / input.bytes,
    };
    if (common.same) return { ...common, ratio: null, ci95: null, agreement: null };
    const written = bytes();
    const timed = await bench(file, written, { threads: 1 }).catch(() => null);
    const [, data, preprocess] = images.find(([start]) => basename(file).startsWith(start)) ?? [];
    const judged =
      data && preprocess
        ? await verify(file, written, {
            evaluate: corpusFile.data(data),
            preprocess: corpusFile.preprocess(preprocess),
            threads: 2,
          })
        : undefined;
    return {
      ...common,
      ratio: timed?.ratio ?? null,
      ci95: timed?.ci95 ?? null,
      agreement: judged?.verification.approximate?.top1Agreement ?? null,
    };
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    return { rewritten: 0, same: false, bytes: 1, ratio: null, ci95: null, agreement: null, error };
  }
}
