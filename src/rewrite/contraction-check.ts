import { machineEpsilon, type RealDType, type Tensor, toFloat64 } from '../ir/index.ts';
import {
  type Blas,
  contractSlices,
  type Factors,
  type Fit,
  frobeniusNorm,
  outputStretch,
  quadraticForm,
  type RealArray,
  type RealNdArray,
  type TensorNetwork,
} from '../numerics/index.ts';
import type { FitTarget } from './fit-target.ts';
import { factorFromWeight, type LoweredStep } from './lowering.ts';
import type { OutputWeighing } from './output-weighing.ts';

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
  /** ‖Ŵ−W‖_F/‖W‖_F of the factors as stored, W being the operator's own kernel. */
  readonly weightError: number;
  /** What is wrong; undefined when all is well. */
  readonly fault: string | undefined;
}

/**
 * Check (a) of a rewrite: the factors that will be written are those that were fitted, but for one rounding to the stored
 * type, and contracted in float64 they are as near to what was fitted as the fit promised, in the norm of the fit.
 *
 * Rounding n factors by a unit u each changes Ŵ by at most ((1+u)ⁿ−1)·contract(|F|), whose norm is at most Π‖F‖
 * (Cauchy–Schwarz over the summed indices), √‖G‖∞ times that in a metric G, and ‖L‖ times that where outputs are weighed.
 * Promises such as ‖W‖² − ‖core‖² lose half of float64's digits.
 *
 * @param kernel the operator's own
 * @param target what was fitted, weighed if `weighing` is there
 */
export async function checkContraction(
  network: TensorNetwork,
  fitted: Fit,
  stored: Factors,
  kernel: RealNdArray,
  target: FitTarget,
  weighing: OutputWeighing | undefined,
  dtype: RealDType,
  blas: Blas,
): Promise<ContractionCheck> {
  const { factors, relativeError: promised } = fitted;
  const reached = weighing
    ? await distances(network, await weighing.factors(stored), target.kernel, target, blas)
    : await distances(network, stored, kernel, target, blas);
  const own = weighing ? await weightError(network, stored, kernel, blas) : reached.weightError;
  const stretch = reached.stretch * (weighing ? outputStretch(weighing.metric) : 1);
  const unit = machineEpsilon(dtype) / 2;
  const spread =
    (Object.values(factors).reduce((product, { data }) => product * frobeniusNorm(data), 1) * stretch) /
    reached.targetNorm;
  const slack = ((1 + unit) ** network.factors.length - 1) * spread + 4 * Math.sqrt(machineEpsilon('float64'));
  const broken = !(Math.abs(reached.fitError - promised) <= slack);
  const fault = findUnfaithfulFactor(factors, stored, dtype);
  return {
    weightError: own,
    fault:
      fault ??
      (broken
        ? `the contraction has an error of ${reached.fitError.toPrecision(6)}, the fit promised ${promised.toPrecision(6)}`
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

/** ‖Ŵ−W‖_F/‖W‖_F of factors. */
export async function weightError(
  network: TensorNetwork,
  factors: Factors,
  kernel: RealNdArray,
  blas: Blas,
): Promise<number> {
  return (await distances(network, factors, kernel, { kernel }, blas)).weightError;
}

/** ‖Ŵ−W*‖/‖W*‖ of factors in the metric of a target, all outputs alike. */
export async function errorInMetric(
  network: TensorNetwork,
  factors: Factors,
  target: FitTarget,
  blas: Blas,
): Promise<number> {
  return (await distances(network, factors, target.kernel, target, blas)).fitError;
}

interface Distances {
  /** ‖Ŵ−W‖_F/‖W‖_F. */
  readonly weightError: number;
  /** ‖Ŵ−W*‖/‖W*‖ in the norm of the fit. */
  readonly fitError: number;
  /** ‖W*‖ in the norm of the fit. */
  readonly targetNorm: number;
  /** The norm of the fit is at most this times the Frobenius norm: √‖G‖∞. */
  readonly stretch: number;
}

/**
 * How far Ŵ, the float64 contraction of the factors, is from the operator's kernel and from what was fitted; a slice of
 * output channels at a time: the kernel never stands in memory twice.
 */
async function distances(
  network: TensorNetwork,
  factors: Factors,
  kernel: RealNdArray,
  { kernel: target, metric }: FitTarget,
  blas: Blas,
): Promise<Distances> {
  const [groups = 1, outputs = 1] = kernel.dims;
  const inner = kernel.data.length / (groups * outputs);
  const width = Math.max(1, Math.floor((sliceElements * outputs) / kernel.data.length));
  const weights = new Distance();
  const fit = new Distance();
  for await (const { start, part } of contractSlices(network, factors, 't', width, blas)) {
    const length = part.data.length / groups;
    for (let g = 0; g < groups; g++) {
      const offset = (g * outputs + start) * inner;
      const slice = part.data.subarray(g * length, (g + 1) * length);
      weights.add(slice, kernel.data.subarray(offset, offset + length));
      if (metric) {
        const gram = metric.grams[g] as RealArray;
        await fit.addInMetric(slice, target.data.subarray(offset, offset + length), gram, inner, blas);
      }
    }
  }
  const norm = metric ? fit : weights;
  const stretch = metric ? Math.sqrt(Math.max(...metric.grams.map((gram) => largestRowSum(gram, inner)))) : 1;
  return { weightError: weights.relative, fitError: norm.relative, targetNorm: norm.size, stretch };
}

/** Σ‖a − b‖² against Σ‖b‖², a slice at a time. */
class Distance {
  #difference = 0;
  #norm = 0;

  get relative(): number {
    return this.#norm > 0 ? Math.sqrt(Math.max(0, this.#difference) / this.#norm) : 0;
  }

  get size(): number {
    return Math.sqrt(this.#norm);
  }

  add(a: Float64Array, b: RealArray): void {
    for (let i = 0; i < a.length; i++) {
      const value = b[i] as number;
      this.#difference += ((a[i] as number) - value) ** 2;
      this.#norm += value * value;
    }
  }

  /** The same for rows of `P` numbers in the norm xᵀGx. */
  async addInMetric(a: Float64Array, b: RealArray, gram: RealArray, P: number, blas: Blas): Promise<void> {
    const wanted = Float64Array.from(b);
    this.#difference += await quadraticForm(
      a.map((value, i) => value - (wanted[i] as number)),
      gram,
      P,
      blas,
    );
    this.#norm += await quadraticForm(wanted, gram, P, blas);
  }
}

/** ‖G‖∞, which bounds its largest eigenvalue. */
function largestRowSum(gram: RealArray, P: number): number {
  let largest = 0;
  for (let row = 0; row < P; row++) {
    let sum = 0;
    for (let at = row * P; at < (row + 1) * P; at++) sum += Math.abs(gram[at] as number);
    largest = Math.max(largest, sum);
  }
  return largest;
}
