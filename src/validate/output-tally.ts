import { isRealDType, memorySource, Tensor, toFloat64 } from '../ir/index.ts';
import type { RealArray } from '../numerics/index.ts';
import type { RuntimeTensor } from '../runtime/index.ts';

/** How far one output of the second model is from the first one's. */
export interface OutputDifference {
  readonly name: string;
  /**
   * max|ŷ−y| / max|y| over all elements of a run, the largest of all runs. For outputs that are not real numbers, the
   * share of elements that differ. Infinity where shapes differ, or one side alone is NaN or infinite.
   */
  readonly relativeError: number;
  /** E‖ŷ−y‖², the mean over the samples; 0 for outputs that are not real numbers. */
  readonly squaredError: number;
  /** Σvar(y) over the output's elements; with one sample, or outputs that never change, E‖y‖² instead. */
  readonly variance: number;
}

/** E‖ŷ−y‖²/Σvar(y) of several outputs together, and that sum of variances. */
export function pooledError(outputs: readonly OutputDifference[]): { outputError: number; variance: number } {
  const total = (key: 'squaredError' | 'variance') => outputs.reduce((sum, output) => sum + output[key], 0);
  const [error, variance] = [total('squaredError'), total('variance')];
  return { outputError: error === 0 ? 0 : error / variance, variance };
}

/** Gathers the differences of one output over many runs. */
export class OutputTally {
  readonly #name: string;
  #relativeError = 0;
  /** ‖ŷ−y‖² of each sample. */
  readonly #squaredErrors: number[] = [];
  #energy = 0;
  #samples = 0;
  /** Running mean per element of a sample, and the sum of squared deviations over all (Welford 1962). */
  #mean: Float64Array | undefined;
  #deviations = 0;
  #ragged = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** @param samples how many samples lie along the first axis; 1 when the output is one sample */
  add(reference: RuntimeTensor, candidate: RuntimeTensor, samples: number): void {
    this.#relativeError = Math.max(this.#relativeError, relativeError(reference, candidate));
    this.#samples += samples;
    if (!isRealDType(reference.dtype) || !sameShape(reference, candidate)) return;
    const [y, other] = [realValues(reference), realValues(candidate)];
    const size = y.length / samples;
    for (let at = 0; at < y.length; at += size)
      this.#squaredErrors.push(sumOfSquares(y.subarray(at, at + size), other.subarray(at, at + size)));
    this.#energy += sumOfSquares(y);
    this.#addDeviations(y, samples);
  }

  get difference(): OutputDifference {
    const count = Math.max(1, this.#samples);
    const spread = this.#ragged ? 0 : this.#deviations;
    return {
      name: this.#name,
      relativeError: this.#relativeError,
      squaredError: this.#squaredErrors.reduce((sum, error) => sum + error, 0) / count,
      variance: (spread > 0 ? spread : this.#energy) / count,
    };
  }

  /** ‖ŷ−y‖² of each sample in turn; none of outputs that are not real numbers. */
  get squaredErrors(): readonly number[] {
    return this.#squaredErrors;
  }

  #addDeviations(y: RealArray, samples: number): void {
    const size = y.length / samples;
    this.#mean ??= new Float64Array(size);
    this.#ragged ||= this.#mean.length !== size;
    if (this.#ragged) return;
    const before = this.#samples - samples;
    for (let i = 0; i < y.length; i++) {
      const value = y[i] as number;
      if (value - value !== 0) continue;
      const at = i % size;
      const mean = this.#mean[at] as number;
      const next = mean + (value - mean) / (before + (i - at) / size + 1);
      this.#mean[at] = next;
      this.#deviations += (value - mean) * (value - next);
    }
  }
}

/** Σ(y−other)² over the elements where that is finite. */
function sumOfSquares(y: RealArray, other?: RealArray): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    const value = (y[i] as number) - (other ? (other[i] as number) : 0);
    // Only finite numbers give 0.
    if (value - value === 0) sum += value * value;
  }
  return sum;
}

/**
 * See {@link OutputDifference.relativeError}; of one run.
 *
 * @param scale an output that shows how large such values are where `reference` itself may have collapsed to noise
 */
export function relativeError(reference: RuntimeTensor, candidate: RuntimeTensor, scale?: RuntimeTensor): number {
  if (!sameShape(reference, candidate)) return Number.POSITIVE_INFINITY;
  if (!isRealDType(reference.dtype)) return shareOfDifferences(reference, candidate);
  const size = scale && isRealDType(scale.dtype) ? largestFinite(realValues(scale)) : 0;
  return largestDifference(realValues(reference), realValues(candidate), size);
}

function largestFinite(values: RealArray): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] as number);
    if (size > largest && size <= Number.MAX_VALUE) largest = size;
  }
  return largest;
}

/** Comparisons with NaN are false, which the order of the branches makes use of; no calls on the usual way. */
function largestDifference(y: RealArray, other: RealArray, least: number): number {
  const most = Number.MAX_VALUE;
  let [error, largest] = [0, least];
  for (let i = 0; i < y.length; i++) {
    const [a, b] = [y[i] as number, other[i] as number];
    const [size, difference] = [a < 0 ? -a : a, a < b ? b - a : a - b];
    if (size > largest && size <= most) largest = size;
    if (difference <= error || a === b) continue;
    if (difference <= most) error = difference;
    else if (!(Number.isNaN(a) && Number.isNaN(b))) return Number.POSITIVE_INFINITY;
  }
  return error === 0 ? 0 : error / largest;
}

function sameShape(a: RuntimeTensor, b: RuntimeTensor): boolean {
  return a.dtype === b.dtype && a.dims.join() === b.dims.join();
}

function shareOfDifferences({ data: a }: RuntimeTensor, { data: b }: RuntimeTensor): number {
  let differing = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) differing++;
  return differing / Math.max(1, a.length);
}

/** The numbers of a float32, float64 or float16 output. */
export function realValues({ dtype, dims, data }: RuntimeTensor): RealArray {
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  if (!(data instanceof Uint16Array)) throw new TypeError(`a ${dtype} output is no array of real numbers`);
  return toFloat64(
    new Tensor(dtype, dims, memorySource(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))),
  );
}
