/**
 * What calibrated factorization costs, with its marks: cp-split at half of the MACs, 512 images, normal effort. No
 * comparison. Wall time and peak memory of the process tree, seconds per stage, and how near the fits come to the limit
 * that ONNX Runtime's Gemm sets for their large products.
 *
 *     npm run build && node bench/resnet56.mjs [resnet56] [resnet50] [--threads 2] [--pipeline …] [--weights]
 *
 * resnet56 is ResNet-56 for CIFAR-10 (He et al. 2016), made here: seeded He weights, each batch-norm with the statistics
 * that its convolution has on random images, folded by the run. Its kernels are noise, so nothing factorizes well, which
 * does not change the work. 60 s and 2 GiB on two cores. It is calibrated on random images, so it needs no corpus.
 * resnet50 is the wide network of the corpus, with svd for its 1×1 convolutions: 5 minutes and 4 GiB.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createBlas } from '../dist/src/runtime/index.js';
import { measure } from './measure.mjs';
import { corpusFile } from './networks.mjs';
import { mebibytes, seconds } from './paired.mjs';
import { command } from './python.mjs';
import { writeResnet56 } from './random-resnet.mjs';

/**
 * @typedef {object} Subject
 * @property {string} model
 * @property {string} pipeline
 * @property {string} calibrate
 * @property {string} preprocess
 * @property {{ seconds: number, mebibytes: number }} mark
 */

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '2' },
    pipeline: { type: 'string' },
    weights: { type: 'boolean', default: false },
  },
});
const threads = Number(values.threads);
const folder = await mkdtemp(join(tmpdir(), 'onnx-tucker-bench-'));
try {
  for (const name of positionals.length > 0 ? positionals : ['resnet56', 'resnet50']) {
    const subject = await { resnet56, resnet50 }[name]?.();
    if (subject) await profile(name, subject);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @returns {Promise<Subject>} */
async function resnet56() {
  return {
    ...(await writeResnet56(folder)),
    pipeline: 'fuse-batch-norm,ratio-ranks{macs=0.5},cp-split',
    mark: { seconds: 60, mebibytes: 2048 },
  };
}

/** @returns {Promise<Subject | undefined>} */
async function resnet50() {
  const model = corpusFile.model('cifar10_resnet50v2s3_probe64.onnx');
  if (!existsSync(model)) {
    console.error('resnet50: no model found; ONNX_TUCKER_CORPUS names the folder that has it');
    return undefined;
  }
  return {
    model,
    pipeline: 'fuse-batch-norm,ratio-ranks{macs=0.5,block=16},cp-split,svd',
    calibrate: corpusFile.data('cifar10_train_lossless4645.npz'),
    preprocess: corpusFile.preprocess('cifar10_probe64.json'),
    mark: { seconds: 300, mebibytes: 4096 },
  };
}

/** @param {string} name @param {Subject} subject */
async function profile(name, { model, pipeline, calibrate, preprocess, mark }) {
  const [output, report] = ['out.onnx', 'report.json'].map((file) => join(folder, `${name}-${file}`));
  const chosen = values.pipeline ?? pipeline;
  const calibration = ['--calibrate', calibrate, '--preprocess', preprocess, '--samples', '512', '--effort', 'normal'];
  const { wall, cpu, peak } = await measure(
    command([
      ...[model, output, '--pipeline', chosen, ...(values.weights ? [] : calibration)],
      ...['--report', report, '--threads', String(threads), '--no-bench', '--quiet', '--no-config'],
    ]),
  );
  const { run, nodes, input, output: written } = JSON.parse(await readFile(report, 'utf8'));
  const fitted = nodes.filter(({ method }) => method !== null);
  console.log(`${name}, ${chosen}, ${threads} threads, ${run.runtime}`);
  console.log(`${fitted.length} of ${nodes.length} nodes, MACs ${(input.macs / written.macs).toFixed(2)}×`);
  for (const [stage, time] of Object.entries(run.seconds))
    line(stage, seconds(time), share(time, run.seconds.total ?? wall));
  line('wall', seconds(wall), `mark ${mark.seconds} s: ${wall <= mark.seconds ? 'met' : 'missed'}`);
  line('cpu', seconds(cpu));
  line('peak', mebibytes(peak), `mark ${mark.mebibytes} MiB: ${peak <= mark.mebibytes * 2 ** 20 ? 'met' : 'missed'}`);
  await printGemmLimit(
    fitted.filter(({ method }) => method === 'cp-split'),
    run.seconds,
  );
  console.log();
  if (wall > mark.seconds || peak > mark.mebibytes * 2 ** 20) process.exitCode = 1;
}

/** @param {string} name @param {string} value @param {string} [remark] */
function line(name, value, remark = '') {
  console.log(`  ${name.padEnd(14)}${value.padStart(10)}   ${remark}`);
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return `${((100 * part) / whole).toFixed(0)} %`;
}

/**
 * The time that the large products of the cp fits take by themselves, at the rate that Gemm reaches here on a product of
 * their shape, beside the time of the stage that the fits are part of.
 *
 * @param {readonly { shape: readonly number[], ranks: Record<string, number> }[]} nodes
 * @param {Record<string, number>} stages
 */
async function printGemmLimit(nodes, stages) {
  if (nodes.length === 0) return;
  const blas = createBlas({ threads });
  let limit = 0;
  let work = 0;
  /** @type {Map<string, number>} */
  const rates = new Map();
  for (const { shape, ranks } of nodes) {
    const [, inputs, ...kernel] = shape;
    const columns = inputs * kernel.reduce((product, size) => product * size, 1);
    const key = `${ranks.R} ${columns}`;
    const rate = rates.get(key) ?? (await gemmRate(blas, ranks.R, columns));
    rates.set(key, rate);
    const products = sweepMacs(shape, ranks.R);
    work += products;
    limit += products / rate;
  }
  const spent = stages.fit ?? stages.fits ?? stages.factorize;
  line(
    'products',
    `${(work / 1e9).toFixed(0)} GMAC`,
    `at the rate of Gemm ${seconds(limit)}, ${share(limit, spent)} of the fits' stage`,
  );
}

/**
 * MACs of the large products of a cp-split fit at normal effort, 16 sweeps: in each, three applications of the metric to
 * R rows (the residual and two CG steps on B), R·P² each, and two projections of it onto B (one for the extrapolation),
 * R·P² + R²·K²·S each. An estimate: what the fit does less or more shows as a share further from 100 %.
 */
function sweepMacs([, inputs, ...kernel], rank) {
  const positions = kernel.reduce((product, size) => product * size, 1);
  const applied = rank * (inputs * positions) ** 2;
  return 16 * (5 * applied + 2 * rank ** 2 * positions ** 2 * inputs);
}

/** MACs per second of [rows, columns] · [columns, columns] in float32. */
async function gemmRate(blas, rows, columns) {
  const [a, b] = [new Float32Array(rows * columns).fill(0.5), new Float32Array(columns * columns).fill(0.5)];
  const multiply = () => blas.gemm32({ m: rows, n: columns, k: columns, a, b });
  await multiply();
  const start = performance.now();
  let times = 0;
  for (; performance.now() - start < 100; times++) await multiply();
  return (times * rows * columns ** 2 * 1000) / (performance.now() - start);
}
