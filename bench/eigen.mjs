/**
 * The symmetric eigen-solver against the limit of its products: how many n × n × n products by ONNX Runtime's Gemm, on
 * the same number of threads, fit into the time of one decomposition. Taken in turns; medians of both, ratio within
 * pairs. The matrix is the Gram matrix of a random one with a decaying spectrum (singular values ∝ i^-½).
 *
 * Usage: npm run build && node bench/eigen.mjs [THREADS] [PAIRS]
 */
import { seededRandom, symmetricEigen } from '../dist/src/numerics/index.js';
import { createBlas } from '../dist/src/runtime/index.js';
import { compare } from './paired.mjs';

const threads = Number(process.argv[2] ?? 1);
const pairs = Number(process.argv[3] ?? 5);
const blas = createBlas({ threads });

/** float64[n, n] */
async function decayingGram(n) {
  const normals = seededRandom(n, 'bench').normals(n * n);
  const scaled = normals.map((x, at) => x / Math.sqrt(1 + (at % n)));
  return blas.gemm64({ m: n, n, k: n, a: scaled, b: scaled, transB: true });
}

async function milliseconds(task) {
  const start = performance.now();
  await task();
  return performance.now() - start;
}

/** One decomposition and one product in turn; the first turn warms the compiler up and is not counted. */
async function turns(matrix, n, vectors) {
  const samples = [];
  for (let turn = 0; turn <= pairs; turn++) {
    const a = await milliseconds(() => symmetricEigen(matrix, n, { vectors, blas }));
    const b = await milliseconds(() => blas.gemm64({ m: n, n, k: n, a: matrix, b: matrix }));
    if (turn > 0) samples.push({ a, b });
  }
  return samples;
}

/** Largest entry of A·V − V·diag(λ), relative to the largest value. */
async function residual(matrix, n, r) {
  const { values, vectors } = await symmetricEigen(matrix, n, { vectors: r, blas });
  const image = await blas.gemm64({ m: n, n: r, k: n, a: matrix, b: vectors });
  return image.reduce((most, x, at) => Math.max(most, Math.abs(x - values[at % r] * vectors[at])), 0) / values[0];
}

console.log(`threads ${threads}, ${pairs} pairs\n   n  vectors   median ms   Gemms (range)     residual`);
for (const n of [64, 128, 256, 512, 1024, 2048]) {
  const matrix = await decayingGram(n);
  for (const vectors of ['none', n / 4, 'all']) {
    const { a, ratio, low, high } = compare(await turns(matrix, n, vectors), (x) => x);
    const error =
      vectors === 'none' ? '' : (await residual(matrix, n, vectors === 'all' ? n : vectors)).toExponential(1);
    const range = `${ratio.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;
    console.log(
      `${String(n).padStart(4)}  ${String(vectors).padStart(7)}  ${a.toFixed(1).padStart(10)}   ${range.padEnd(16)}  ${error}`,
    );
  }
}
