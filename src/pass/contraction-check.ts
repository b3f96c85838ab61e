import { machineEpsilon, type RealDType, type Tensor, toFloat64 } from '../ir/index.ts';
import { type Blas, contractSlices, type Factors, type RealNdArray, type TensorNetwork } from '../numerics/index.ts';
import { type LoweredStep, factorFromWeight } from './lowering.ts';

/** Elements of the kernel contracted at a time: 64 MiB of float64. */
const sliceElements = 2 ** 23;

/** The factors again, from the weights that are about to be written. */
export function storedFactors(fitted: Factors, steps: readonly LoweredStep[], weights: readonly Tensor[]): Factors {
  return Object.fromEntries(
    steps.map((step, position) => {
      const { dims } = fitted[step.factor] as Factors[string];
      return [step.factor, { data: factorFromWeight(step, toFloat64(weights[position] as Tensor), dims), dims }];
    }),
  );
}

/**
 * Check (a) of a rewrite, first half: what will be written is what was fitted, but for one rounding to the stored type.
 *
 * @returns the first factor of which that is not true, with the place and both numbers
 */
export function findUnfaithfulFactor(fitted: Factors, stored: Factors, dtype: RealDType): string | undefined {
  const unit = machineEpsilon(dtype) / 2;
  for (const [name, { data }] of Object.entries(fitted)) {
    const written = stored[name]?.data;
    for (let i = 0; i < data.length; i++) {
      const [a, b] = [data[i] as number, written?.[i] ?? Number.NaN];
      if (Math.abs(a - b) <= unit * Math.abs(a) + smallestNormal[dtype]) continue;
      return `factor ${name} is stored as ${b} instead of ${a} at ${i}`;
    }
  }
  return undefined;
}

/** Below these, types round to multiples of their smallest subnormal instead. */
const smallestNormal = { float64: 2 ** -1022, float32: 2 ** -126, bfloat16: 2 ** -126, float16: 2 ** -14 } as const;

/**
 * ‖Ŵ−W‖_F/‖W‖_F, with Ŵ the float64 contraction of the factors, a slice of output channels at a time: the kernel never
 * stands in memory twice.
 *
 * @param kernel [g, t, s, k1 … kd], the network's output
 */
export async function contractionError(network: TensorNetwork, factors: Factors, kernel: RealNdArray, blas: Blas): Promise<number> {
  const [groups = 1, outputs = 1] = kernel.dims;
  const inner = kernel.data.length / (groups * outputs);
  const width = Math.max(1, Math.floor((sliceElements * outputs) / kernel.data.length));
  let difference = 0;
  let norm = 0;
  for await (const { start, part } of contractSlices(network, factors, 't', width, blas)) {
    const length = part.data.length / groups;
    for (let g = 0; g < groups; g++) {
      const offset = (g * outputs + start) * inner;
      for (let i = 0; i < length; i++) {
        const value = kernel.data[offset + i] as number;
        const delta = (part.data[g * length + i] as number) - value;
        difference += delta * delta;
        norm += value * value;
      }
    }
  }
  return Math.sqrt(difference / norm);
}
