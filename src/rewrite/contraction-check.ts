import { machineEpsilon, type RealDType, type Tensor, toFloat64 } from '../ir/index.ts';
import {
  type Blas,
  contractSlices,
  type Factors,
  frobeniusNorm,
  type RealNdArray,
  type TensorNetwork,
} from '../numerics/index.ts';
import { factorFromWeight, type LoweredStep } from './lowering.ts';

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

export interface ContractionCheck {
  /** ‖Ŵ−W‖_F/‖W‖_F of the factors as stored. */
  readonly weightError: number;
  /** What is wrong; undefined when all is well. */
  readonly fault: string | undefined;
}

/**
 * Check (a) of a rewrite: the factors that will be written are those that were fitted, but for one rounding to the stored
 * type, and contracted in float64 they are as near to the kernel as the fit promised.
 *
 * Rounding n factors by a unit u each changes Ŵ by at most ((1+u)ⁿ−1)·contract(|F|), whose norm is at most Π‖F‖
 * (Cauchy–Schwarz over the summed indices). Promises such as ‖W‖² − ‖core‖² lose half of float64's digits.
 */
export async function checkContraction(
  network: TensorNetwork,
  fitted: Factors,
  stored: Factors,
  kernel: RealNdArray,
  promised: number,
  dtype: RealDType,
  blas: Blas,
): Promise<ContractionCheck> {
  const weightError = await contractionError(network, stored, kernel, blas);
  const unit = machineEpsilon(dtype) / 2;
  const spread =
    Object.values(fitted).reduce((product, { data }) => product * frobeniusNorm(data), 1) / frobeniusNorm(kernel.data);
  const slack = ((1 + unit) ** network.factors.length - 1) * spread + 4 * Math.sqrt(machineEpsilon('float64'));
  const broken = !(Math.abs(weightError - promised) <= slack);
  const fault = findUnfaithfulFactor(fitted, stored, dtype);
  return {
    weightError,
    fault:
      fault ??
      (broken
        ? `the contraction has a weight error of ${weightError.toPrecision(6)}, the fit promised ${promised.toPrecision(6)}`
        : undefined),
  };
}

/** The first entry that is further from its factor than one rounding. */
function findUnfaithfulFactor(fitted: Factors, stored: Factors, dtype: RealDType): string | undefined {
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
async function contractionError(
  network: TensorNetwork,
  factors: Factors,
  kernel: RealNdArray,
  blas: Blas,
): Promise<number> {
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
