import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import { type NumericArray, toNumbers } from './elements.ts';

export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** NaN on both ends where a value is NaN. */
export function widenRange(range: ValueRange | undefined, values: NumericArray): ValueRange {
  let { low, high } = range ?? { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  const numbers = toNumbers(values);
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] ?? Number.NaN;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

// Networks take values of about −3 … 3, some 0 … 255. Below and above these bounds something was forgotten, or done
// twice; the bounds leave room for standardised data with outliers.
const smallest = 0.02;
const largest = 20;

/** A warning where the values that the model would see look unlike what networks are fed with. */
export function rangeWarning({ low, high }: ValueRange, asked: boolean, place: string): Diagnostic | undefined {
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    return diagnostics.warning('non-finite-input', 'the model would be fed values that are not finite', {
      file: place,
    });
  }
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
