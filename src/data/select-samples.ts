import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { diagnostics } from '../diagnostics.ts';

/**
 * `wanted` of `size` positions, drawn without replacement, ascending; all of them where no more are wanted than there
 * are. A prefix would not do: folders and many archives are sorted by class.
 *
 * @throws usage (2) where it is no number of samples
 */
export function selectSamples(size: number, wanted: number | undefined, seed: number): readonly number[] {
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1)) {
    throw diagnostics.usage(`${wanted} is no number of samples: give a whole number from 1`);
  }
  const positions = Int32Array.from({ length: size }, (_, index) => index);
  if (wanted === undefined || wanted >= size) return [...positions];
  const random = xoroshiro128plus(seed);
  for (let k = 0; k < wanted; k++) {
    const other = uniformInt(random, k, size - 1);
    const held = positions[k] ?? k;
    positions[k] = positions[other] ?? other;
    positions[other] = held;
  }
  return [...positions.subarray(0, wanted).sort()];
}

/**
 * Up to `wanted` of the positions that `selectSamples(size, taken, seed)` leaves; none where it leaves none.
 *
 * @param inOrder the first `taken` are taken: samples that are made on the spot have no end to draw from
 */
export function selectOthers(
  size: number,
  taken: number,
  wanted: number | undefined,
  seed: number,
  inOrder: boolean,
): readonly number[] {
  const used = new Set(inOrder ? Array.from({ length: taken }, (_, index) => index) : selectSamples(size, taken, seed));
  const others = Array.from({ length: size }, (_, index) => index).filter((index) => !used.has(index));
  return selectSamples(others.length, wanted, seed).map((place) => others[place] as number);
}
