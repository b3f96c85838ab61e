import type { Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { rowProduct } from './inner-product.ts';
import { newArray } from './metric-problem.ts';
import { permuteAxes } from './permute-axes.ts';

/**
 * What stands between outputs and inputs, Q blocks side by side: C[q, a, b, k] maps the b-th input of block q to its a-th
 * output. One block is a Tucker core, blocks of 1 × 1 are CP's K; in between lies the block term decomposition (De Lathauwer
 * 2008). R4 = Q·a outputs, R = Q·b inputs, both with q slowest.
 */
export interface BlockCore {
  readonly blocks: number;
  /** Outputs of a block. */
  readonly a: number;
  /** Inputs of a block. */
  readonly b: number;
  readonly positions: number;
  /** float64[Q, a, b, K]. */
  readonly data: Float64Array;
}

/** Blocks up to this many entries a position go through loops: a product of this size is not worth its call. */
const SMALL = 4;

/** Y[(q,a),s,k] = Σ_b C[q,a,b,k] B[(q,b),s]: [R4, S, K] in `precision`. */
export async function expandInputs(
  { blocks, a, b, positions, data }: BlockCore,
  basis: Float64Array,
  inputs: number,
  precision: Precision,
  blas: Blas,
): Promise<RealArray> {
  const result = newArray(precision, blocks * a * inputs * positions);
  for (let q = 0; q < blocks; q++) {
    const core = data.subarray(q * a * b * positions, (q + 1) * a * b * positions);
    const rows = basis.subarray(q * b * inputs, (q + 1) * b * inputs);
    const to = result.subarray(q * a * inputs * positions, (q + 1) * a * inputs * positions);
    if (a * b <= SMALL) addProducts(to, core, rows, a, b, inputs, positions);
    else {
      // [S, b] × [b, K] for every a, as one product with the columns (a, k).
      const right = swapFirst(core, a, b, positions);
      const wide = await blas.gemm64({ m: inputs, n: a * positions, k: b, a: rows, b: right, transA: true });
      exchange(wide, to, inputs, a, positions);
    }
  }
  return result;
}

function addProducts(
  to: RealArray,
  core: Float64Array,
  rows: Float64Array,
  a: number,
  b: number,
  inputs: number,
  positions: number,
): void {
  for (let i = 0; i < a; i++) {
    for (let s = 0; s < inputs; s++) {
      const at = (i * inputs + s) * positions;
      for (let j = 0; j < b; j++) {
        const weight = rows[j * inputs + s]!;
        const from = (i * b + j) * positions;
        for (let k = 0; k < positions; k++) to[at + k]! += core[from + k]! * weight;
      }
    }
  }
}

/** Σ_{a,k} C[q,a,b,k] Z[(q,a),k,s]: the adjoint of expandInputs, float64[R, S]. */
export async function reduceInputs(
  { blocks, a, b, positions, data }: BlockCore,
  rows: RealArray,
  inputs: number,
  blas: Blas,
): Promise<Float64Array> {
  const result = new Float64Array(blocks * b * inputs);
  const size = a * positions;
  for (let q = 0; q < blocks; q++) {
    const z = rows.subarray(q * size * inputs, (q + 1) * size * inputs);
    const core = data.subarray(q * b * size, (q + 1) * b * size);
    if (a * b > SMALL) {
      const left = swapFirst(core, a, b, positions);
      result.set(await blas.gemm64({ m: b, n: inputs, k: size, a: left, b: z }), q * b * inputs);
      continue;
    }
    for (let j = 0; j < b; j++) {
      const to = result.subarray((q * b + j) * inputs, (q * b + j + 1) * inputs);
      for (let i = 0; i < a; i++) {
        for (let k = 0; k < positions; k++) {
          const weight = core[(i * b + j) * positions + k]!;
          const from = (i * positions + k) * inputs;
          for (let s = 0; s < inputs; s++) to[s]! += weight * z[from + s]!;
        }
      }
    }
  }
  return result;
}

/** Σ_s Z[(q,a),k,s]·B[(q,b),s], float64[Q, a, b, K]. */
export async function reduceOntoCore(
  { blocks, a, b, positions }: BlockCore,
  rows: RealArray,
  basis: Float64Array,
  inputs: number,
  blas: Blas,
): Promise<Float64Array> {
  const result = new Float64Array(blocks * a * b * positions);
  const size = a * positions * inputs;
  for (let q = 0; q < blocks; q++) {
    const z = rows.subarray(q * size, (q + 1) * size);
    const w = basis.subarray(q * b * inputs, (q + 1) * b * inputs);
    const to = result.subarray(q * a * b * positions, (q + 1) * a * b * positions);
    if (a * b > SMALL) {
      const products = await blas.gemm64({ m: a * positions, n: b, k: inputs, a: z, b: w, transB: true });
      to.set(permuteAxes({ data: products, dims: [a, positions, b] }, [0, 2, 1]).data);
      continue;
    }
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) {
        for (let k = 0; k < positions; k++) {
          to[(i * b + j) * positions + k] = rowProduct(z, (i * positions + k) * inputs, w, j * inputs, inputs);
        }
      }
    }
  }
  return result;
}

/**
 * N[(q,b),(p,d)] = Σ C[q,a,b,k] Γ[(q,a),(p,c)] C[p,c,d,k], float64[R, R]: how strongly inputs are weighed, for
 * preconditioning. Γ = AᵀA; undefined for the identity.
 */
export async function inputWeights(
  core: BlockCore,
  outputGram: Float64Array | undefined,
  blas: Blas,
): Promise<Float64Array> {
  const { blocks, a, b, positions, data } = core;
  const [outs, ins] = [blocks * a, blocks * b];
  if (!outputGram) {
    if (blocks !== 1) throw new RangeError('blocks need the Gram matrix of their outputs');
    const left = swapFirst(data, a, b, positions);
    return blas.gemm64({ m: b, n: b, k: a * positions, a: left, b: left, transB: true });
  }
  const result = new Float64Array(ins * ins);
  const row = new Float64Array(ins);
  for (let out = 0; out < outs; out++) {
    const q = Math.floor(out / a);
    for (let k = 0; k < positions; k++) {
      // Row (q,a),k of Γ·C.
      row.fill(0);
      for (let p = 0; p < blocks; p++) {
        for (let c = 0; c < a; c++) {
          const gamma = outputGram[out * outs + p * a + c]!;
          for (let d = 0; d < b; d++) row[p * b + d]! += gamma * data[((p * a + c) * b + d) * positions + k]!;
        }
      }
      for (let j = 0; j < b; j++) {
        const weight = data[(out * b + j) * positions + k]!;
        const to = (q * b + j) * ins;
        for (let i = 0; i < ins; i++) result[to + i]! += weight * row[i]!;
      }
    }
  }
  return result;
}

/** [a, b, K] as [b, a, K]. */
function swapFirst(core: Float64Array, a: number, b: number, positions: number): Float64Array {
  const result = new Float64Array(core.length);
  exchange(core, result, a, b, positions);
  return result;
}

/** [m, n, K] as [n, m, K]; entry by entry, for a call that copies three or nine of them takes longer than they do. */
function exchange(from: RealArray, to: RealArray, m: number, n: number, positions: number): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const source = (i * n + j) * positions;
      const target = (j * m + i) * positions;
      for (let k = 0; k < positions; k++) to[target + k] = from[source + k]!;
    }
  }
}
