import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import type { NumericArray } from './elements.ts';

export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

export function widenRange(range: ValueRange | undefined, values: NumericArray): ValueRange {
  let { low, high } = range ?? { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  for (const value of values) {
    const number = Number(value);
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return { low, high };
}

// Networks take values of about −3 … 3, some 0 … 255. Below and above these bounds something was forgotten, or done
// twice; the bounds leave room for standardised data with outliers.
const smallest = 0.02;
const largest = 20;

/** A warning where the values that the model would see look unlike what networks are fed with. */
export function rangeWarning({ low, high }: ValueRange, asked: boolean, place: string): Diagnostic | undefined {
  const seen = `values from ${Number(low.toPrecision(4))} to ${Number(high.toPrecision(4))}`;
  const reach = Math.max(Math.abs(low), Math.abs(high));
  if (reach > largest) {
    const hint = asked
      ? 'check "scale", "mean" and "std"'
      : 'if the model wants them scaled, give --preprocess; if not, --preprocess raw says so';
    return diagnostics.warning(
      'unnormalised-input',
      `the model would be fed ${seen}, as if not normalised`,
      { file: place },
      hint,
    );
  }
  if (high - low < smallest) {
    const hint = 'check "scale": were the data scaled before?';
    return diagnostics.warning('unnormalised-input', `the model would be fed ${seen} only`, { file: place }, hint);
  }
  return undefined;
}
