/**
 * The fits in the metric of the activations, on made-up layers with P = 576, 1152 and 2304 inputs a patch (4608 with
 * --large), at half the multiply-accumulates, on one thread. For each: wall and processor time, the share of wall time within
 * Gemm, the float32-equivalent products per second as a part of what one large Gemm reaches in the same process, and the
 * error, squared, after the start and at the end. On a busy machine only the shares and errors mean anything.
 *
 * The layers: inputs correlated between channels (singular values ∝ i^-0.7), between positions (0.6 a step) and in a third of
 * their energy any way at all; a kernel of decaying components and noise.
 *
 *     npm run build && node bench/fit-in-metric.mjs [--large] [--effort fast|normal|max] [METHOD …]
 */
import {
  blockTerm,
  calibratedCp,
  calibratedSplit,
  calibratedTarget,
  calibratedTrain,
  calibratedTucker2,
  seededRandom,
} from '../dist/src/numerics/index.js';
import { calibratedSteps, calibratedSweeps } from '../dist/src/pass/index.js';
import { createBlas } from '../dist/src/runtime/index.js';

const args = process.argv.slice(2);
const effort = args.includes('--effort') ? args[args.indexOf('--effort') + 1] : 'normal';
const chosen = args.filter((arg, i) => !arg.startsWith('--') && args[i - 1] !== '--effort');
const channels = [64, 128, 256, ...(args.includes('--large') ? [512] : [])];
const taps = 9;

const inner = createBlas({ threads: 1 });
const spent = { milliseconds: 0, products: 0 };

/** Counts time and products; a float64 product as two of float32. */
const blas = {
  gemm32: (options) => timed(options, 1, (o) => inner.gemm32(o)),
  gemm64: (options) => timed(options, 2, (o) => inner.gemm64(o)),
};

async function timed(options, weight, run) {
  const start = performance.now();
  const result = await run(options);
  spent.milliseconds += performance.now() - start;
  spent.products += weight * options.m * options.n * options.k;
  return result;
}

function normals(count, name) {
  return seededRandom(1, name).normals(count);
}

/** G of a made-up layer, float32[P, P], and its kernel. */
async function layer(n) {
  const P = n * taps;
  const mixing = normals(n * n, 'mixing').map((value, at) => value * (1 + Math.floor(at / n)) ** -0.7);
  const between = await inner.gemm64({ m: n, n, k: n, a: mixing, b: mixing, transA: true });
  const rows = P / 4;
  const loose = normals(rows * P, 'loose').map((value, at) => value / (1 + Math.floor(at / P) / 20));
  const gram = await inner.gemm64({ m: P, n: P, k: rows, a: loose, b: loose, transA: true });
  const trace = (matrix, size) =>
    Array.from({ length: size }, (_, i) => matrix[i * (size + 1)]).reduce((a, b) => a + b, 0);
  const share = (0.5 * trace(between, n) * taps) / trace(gram, P);
  const distance = (k, l) => Math.abs(Math.floor(k / 3) - Math.floor(l / 3)) + Math.abs((k % 3) - (l % 3));
  for (let p = 0; p < P; p++) {
    for (let q = 0; q < P; q++) {
      const [s, u] = [Math.floor(p / taps), Math.floor(q / taps)];
      gram[p * P + q] = share * gram[p * P + q] + between[s * n + u] * 0.6 ** distance(p % taps, q % taps);
    }
  }
  const components = normals(2 * n * P, 'components').map((value, at) => value / (1 + Math.floor(at / P) / 8));
  const kernel = await inner.gemm64({ m: n, n: P, k: 2 * n, a: normals(n * 2 * n, 'outputs'), b: components });
  const noise = normals(n * P, 'noise');
  return {
    gram: Float32Array.from(gram),
    kernel: { data: kernel.map((value, i) => value + noise[i]), dims: [1, n, n, 3, 3] },
  };
}

/** Ranks at half the multiply-accumulates of n² · 9, stride 1. */
const methods = {
  'channel-svd': (kernel, n, o) => calibratedSplit(kernel, [0, 1], Math.round((taps * n) / (2 * (taps + 1))), o),
  'spatial-svd': (kernel, n, o) => calibratedSplit(kernel, [0], Math.round((3 * n) / 4), o),
  'tucker-2': (kernel, n, o) => {
    const rank = Math.round((n * (Math.sqrt(4 + 2 * taps * taps) - 2)) / (2 * taps));
    return calibratedTucker2(kernel, { R3: rank, R4: rank }, o);
  },
  'cp-split three': (kernel, n, o) => calibratedCp(kernel, Math.round((taps * n * n) / (2 * (2 * n + taps))), o),
  'cp-split four': (kernel, n, o) =>
    calibratedCp(kernel, Math.round((taps * n * n) / (2 * (2 * n + 6))), { ...o, spatial: 'split' }),
  'grouped-core': (kernel, n, o) =>
    blockTerm(kernel, { count: Math.round((taps * n * n) / (4 * (2 * n + 2 * taps))), size: 2 }, o),
  'tensor-train': (kernel, n, o) => {
    const rank = Math.round(0.55 * n);
    return calibratedTrain(kernel, [rank, Math.round(1.4 * rank), rank], o);
  },
};

/** Products a millisecond that one large float32 Gemm reaches here and now. */
async function peak() {
  const [a, b] = [new Float32Array(1024 * 1024).fill(1), new Float32Array(1024 * 1024).fill(1)];
  let best = 0;
  for (let turn = 0; turn < 4; turn++) {
    const start = performance.now();
    await inner.gemm32({ m: 1024, n: 1024, k: 1024, a, b });
    best = Math.max(best, 1024 ** 3 / (performance.now() - start));
  }
  return best;
}

async function measured(name, P, run) {
  [spent.milliseconds, spent.products] = [0, 0];
  const processor = process.cpuUsage();
  const start = performance.now();
  const errors = await run();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(processor);
  const share = `${Math.round((100 * spent.milliseconds) / wall)} %`;
  const limit = `${Math.round((100 * spent.products) / wall / (await peak()))} %`;
  const cells = [String(P), name, (wall / 1e3).toFixed(2), ((user + system) / 1e6).toFixed(2), share, limit, ...errors];
  console.log(`| ${cells.join(' | ')} |`);
}

console.log(`effort ${effort}, one thread\n`);
console.log('| P | fit | wall s | cpu s | in Gemm | of the Gemm limit | steps | error² at the start | at the end |');
console.log('|---|---|---|---|---|---|---|---|---|');
for (const n of channels) {
  const { gram, kernel } = await layer(n);
  const P = n * taps;
  let metric;
  let target;
  await measured('W*', P, async () => {
    const cross = await blas.gemm64({ m: n, n: P, k: P, a: kernel.data, b: gram });
    const group = {
      gram,
      cross,
      meanX: new Float64Array(P),
      meanY: new Float64Array(n),
      varianceY: new Float64Array(n),
    };
    ({ kernel: target, metric } = await calibratedTarget(
      kernel,
      { rows: 1, groups: [group], heldBack: undefined },
      blas,
    ));
    return ['', '', ''];
  });
  for (const [name, solve] of Object.entries(methods)) {
    if (chosen.length > 0 && !chosen.some((word) => name.includes(word))) continue;
    await measured(name, P, async () => {
      const errors = [];
      const { relativeError } = await solve(target, n, {
        blas,
        metric,
        random: seededRandom(1, 'fit'),
        steps: calibratedSteps(effort),
        sweeps: calibratedSweeps(effort),
        onSweep: (_, error) => errors.push(error ** 2),
      });
      return [String(Math.max(0, errors.length - 1)), errors[0]?.toFixed(5) ?? '', (relativeError ** 2).toFixed(5)];
    });
  }
}
