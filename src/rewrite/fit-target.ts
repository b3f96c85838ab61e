import {
  type Blas,
  type KernelMetric,
  type Moments,
  type OutputMetric,
  outputMetric,
  type RealNdArray,
  validatedTarget,
} from '../numerics/index.ts';
import type { FitMode } from './calibration.ts';

/** What a fit approaches, and in which norm: the Frobenius norm without metrics. */
export interface FitTarget {
  readonly kernel: RealNdArray;
  readonly metric?: KernelMetric;
  /** How errors of the outputs count; all alike without it. */
  readonly outputs?: OutputMetric;
}

/** @param kernel the operator's own, W[g, t, s, k1 … kd] */
export async function fitTarget(kernel: RealNdArray, moments: Moments, mode: FitMode, blas: Blas): Promise<FitTarget> {
  if (mode === 'bias') return { kernel };
  if (mode === 'channels') return { kernel, metric: channelMetric(kernel, moments) };
  const outputs = await outputMetric(moments, blas);
  return { ...(await validatedTarget(kernel, moments, blas)), ...(outputs && { outputs }) };
}

/** λ of the channel metric, relative to its mean diagonal. */
const ridge = 1e-3;

/** C_S ⊗ I + λI, with C_S[s, q] the mean over kernel positions k of G[(s, k), (q, k)]. */
function channelMetric({ dims }: RealNdArray, { groups }: Moments): KernelMetric {
  const [, , inputs = 1, ...spatial] = dims;
  const positions = spatial.reduce((product, size) => product * size, 1);
  return { grams: groups.map(({ gram }) => withRidge(channelGram(gram, inputs, positions), inputs * positions)) };
}

/** C_S ⊗ I, float64[P, P]. */
function channelGram(gram: Float32Array, inputs: number, positions: number): Float64Array {
  const P = inputs * positions;
  const metric = new Float64Array(P * P);
  for (let s = 0; s < inputs; s++) {
    for (let q = 0; q < inputs; q++) {
      const at = (k: number) => (s * positions + k) * P + q * positions + k;
      let mean = 0;
      for (let k = 0; k < positions; k++) mean += (gram[at(k)] as number) / positions;
      for (let k = 0; k < positions; k++) metric[at(k)] = mean;
    }
  }
  return metric;
}

/** G + λI in place; the identity where inputs never vary. */
function withRidge(gram: Float64Array, P: number): Float64Array {
  let trace = 0;
  for (let p = 0; p < P; p++) trace += gram[p * P + p] as number;
  const shift = trace > 0 ? (ridge * trace) / P : 1;
  for (let p = 0; p < P; p++) gram[p * P + p] = (gram[p * P + p] as number) + shift;
  return gram;
}
