/** What stands where there is no number. */
export const absent = '–';

const counts = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** For narrow columns: `36.9k`, `116M`, `940`. Three significant digits at most. */
export function shortCount(value: number | null | undefined): string {
  if (value === null || value === undefined) return absent;
  const { scaled, unit } = scale(value, 1000, counts, (number) => Number(threeDigits(number)) >= 1000);
  return unit === '' ? String(value) : `${threeDigits(scaled)}${unit}`;
}

/**
 * For the summary: `11.69 M`, `1.82 G`, `940`.
 *
 * @param beside a number to share the unit with, so that `1.82 G` stands beside `0.91 G`, not `907.04 M`
 */
export function longCount(value: number | null, beside: number | null = value): string {
  if (value === null) return absent;
  const near = beside !== null && value >= beside / 100 ? beside : value;
  const { scaled, unit } = scale(near, 1000, counts, (number) => Number(number.toFixed(2)) >= 1000);
  return unit === '' ? String(value) : `${((value * scaled) / near).toFixed(2)} ${unit}`;
}

/** `44.7 MiB`, `940 B`. */
export function byteCount(value: number): string {
  const { scaled, unit } = scale(value, 1024, sizes, (number) => Number(number.toFixed(1)) >= 1024);
  return unit === 'B' ? `${value} B` : `${scaled.toFixed(1)} ${unit}`;
}

/** before ÷ after: `2.33×`; above 1 is smaller or faster. */
export function ratio(before: number | null, after: number | null): string {
  if (before === null || after === null || after === 0) return absent;
  return `${(before / after).toFixed(2)}×`;
}

/** A share of 0 … 1: `97.6 %`. */
export function percent(share: number | null): string {
  return share === null ? absent : `${(share * 100).toFixed(1)} %`;
}

/** With its sign, a true minus: `−0.7`. What rounds to zero has none. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? '−' : '+'}${text}`;
}

/** Two significant digits, exponent where it is shorter: `0.041`, `3e-6`. */
export function errorSize(value: number | null): string {
  if (value === null) return absent;
  if (value === 0) return '0';
  if (value < 1e-3) return value.toExponential(0);
  return String(Number(value.toPrecision(2)));
}

/** `3.12 ms`, `0.052 ms`, `12.0 s`. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Number(value.toPrecision(3))} ms` : `${(value / 1000).toFixed(1)} s`;
}

function threeDigits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
}

/** Divides until the number, as it will be printed, is below the next unit: 999 999 is `1M`, not `1000k`. */
function scale<Unit extends string>(
  value: number,
  base: number,
  units: readonly Unit[],
  overflows: (scaled: number) => boolean,
): { readonly scaled: number; readonly unit: Unit | undefined } {
  let scaled = value;
  let step = 0;
  while (step < units.length - 1 && (scaled >= base || (step > 0 && overflows(scaled)))) {
    scaled /= base;
    step++;
  }
  return { scaled, unit: units[step] };
}
