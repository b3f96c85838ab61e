import { type Blas, type GroupMoments, type Moments, type NdArray, seededRandom } from '../../src/numerics/index.ts';

/** A kernel with normal entries. */
export function randomKernel(dims: readonly number[], seed = 1): NdArray {
  const length = dims.reduce((product, size) => product * size, 1);
  return { data: seededRandom(seed, dims.join('x')).normals(length), dims };
}

/** Rows X = Z·L + mean for each group, with a spectrum that falls as i^(−decay). float32[rows, P]. */
export function correlatedRows(dims: readonly number[], rows: number, seed = 1, decay = 1): Float32Array[] {
  const [groups, , ...axes] = dims as [number, number, ...number[]];
  const P = axes.reduce((product, size) => product * size, 1);
  return Array.from({ length: groups }, (_, g) => {
    const random = seededRandom(seed, `rows ${g}`);
    const mixing = random.normals(P * P).map((value, at) => value * (1 + Math.floor(at / P)) ** -decay);
    const mean = random.normals(P);
    const x = new Float32Array(rows * P);
    for (let row = 0; row < rows; row++) {
      const z = random.normals(P);
      for (let q = 0; q < P; q++) {
        let sum = mean[q]!;
        for (let p = 0; p < P; p++) sum += z[p]! * mixing[p * P + q]!;
        x[row * P + q] = sum;
      }
    }
    return x;
  });
}

/** Y = X·Wᵀ + b + noise, float32[rows, T] for each group; the group's bias is its number. */
export function outputsOf(kernel: NdArray, x: readonly Float32Array[], rows: number, noise = 0): Float32Array[] {
  const [, T] = kernel.dims as [number, number];
  return x.map((data, g) => {
    const P = data.length / rows;
    const random = seededRandom(7, `noise ${g}`);
    return Float32Array.from({ length: rows * T }, (_, at) => {
      const [row, t] = [Math.floor(at / T), at % T];
      let sum = g + noise * random.normal();
      for (let p = 0; p < P; p++) sum += data[row * P + p]! * kernel.data[(g * T + t) * P + p]!;
      return sum;
    });
  });
}

/** Moments by their definition, in float64 up to the cast of G. */
export function momentsOf(x: readonly Float32Array[], y: readonly Float32Array[], rows: number, heldBack = 0): Moments {
  const used = rows - heldBack;
  const groups = x.map((data, g): GroupMoments => {
    const [P, T] = [data.length / rows, y[g]!.length / rows];
    const meanX = means(data, used, P);
    const meanY = means(y[g]!, used, T);
    const gram = new Float64Array(P * P);
    const cross = new Float64Array(T * P);
    const varianceY = new Float64Array(T);
    for (let row = 0; row < used; row++) {
      for (let p = 0; p < P; p++) {
        const value = (data[row * P + p]! - meanX[p]!) / used;
        for (let q = 0; q < P; q++) gram[p * P + q]! += value * (data[row * P + q]! - meanX[q]!);
        for (let t = 0; t < T; t++) cross[t * P + p]! += value * (y[g]![row * T + t]! - meanY[t]!);
      }
      for (let t = 0; t < T; t++) varianceY[t]! += (y[g]![row * T + t]! - meanY[t]!) ** 2 / used;
    }
    return { meanX, meanY, gram: Float32Array.from(gram), cross, varianceY };
  });
  const rest = (data: Float32Array) => data.subarray((used * data.length) / rows);
  const held = { rows: heldBack, x: x.map(rest), y: y.map(rest) };
  return { rows: used, groups, heldBack: heldBack > 0 ? held : undefined };
}

function means(data: Float32Array, rows: number, columns: number): Float64Array {
  const mean = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at++) mean[at % columns]! += data[at]! / rows;
  return mean;
}

/** tr(X G Yᵀ) of one group, G the identity when undefined. */
export async function inner(
  a: Float64Array,
  b: Float64Array,
  gram: Float32Array | Float64Array | undefined,
  rows: number,
  blas: Blas,
): Promise<number> {
  const n = a.length / rows;
  const image = gram ? await blas.gemm64({ m: rows, n, k: n, a, b: gram }) : a;
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += image[i]! * b[i]!;
  return sum;
}
