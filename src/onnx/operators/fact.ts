import type { Dim, DType } from '../../ir/index.ts';

/** What is known of a value before the model runs. */
export interface Fact {
  readonly dtype?: DType | undefined;
  /** Undefined: the rank is not known. */
  readonly shape?: readonly Dim[] | undefined;
  /**
   * Elements, row-major, of small tensors that shapes are computed with: numbers, symbols ('N') and unknowns. Present
   * only where `shape` is all numbers and their product is its length.
   */
  readonly data?: readonly Dim[] | undefined;
}

/** What nothing is known of. */
export const unknown: Fact = {};

export function tensorFact(dtype: DType | undefined, shape: readonly Dim[] | undefined): Fact {
  return { dtype, shape };
}

/** Larger tensors are weights, not arithmetic on shapes. */
export const largestData = 1024;

/** A tensor's elements as numbers; undefined unless all are known. */
export function numbersOf(fact: Fact): readonly number[] | undefined {
  return fact.data?.every((item) => typeof item === 'number') ? (fact.data as readonly number[]) : undefined;
}

/** The fact, with elements that fit its shape and are few; otherwise without. */
export function withData(fact: Fact, data: readonly Dim[] | undefined): Fact {
  const fits = data && data.length <= largestData && data.length === productOf(fact.shape);
  return fits && data.some((item) => item !== undefined) ? { ...fact, data } : { ...fact, data: undefined };
}

/** Number of elements; undefined when a dim is not a number. */
export function productOf(shape: readonly Dim[] | undefined): number | undefined {
  let product = 1;
  for (const dim of shape ?? [undefined]) {
    if (typeof dim !== 'number') return undefined;
    product *= dim;
  }
  return product;
}

export function isKnown(shape: readonly Dim[] | undefined): shape is readonly number[] {
  return shape?.every((dim) => typeof dim === 'number') ?? false;
}
