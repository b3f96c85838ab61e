import { type SeededRandom, seededRandom } from '../numerics/index.ts';

/**
 * `count` of the positions 0 … size−1, drawn without replacement: all of them, in order, where there are no more. The
 * draw depends on seed, node and sample alone, so it is the same in every chunk size and in both models.
 *
 * @returns in the order drawn; a prefix of a longer draw of the same sample
 */
export function drawPositions(size: number, count: number, seed: number, name: string, sample: number): Int32Array {
  if (count >= size) return Int32Array.from({ length: size }, (_, position) => position);
  return shuffledPrefix(size, count, seededRandom(seed, `${name}/${sample}`));
}

/** Fisher and Yates's shuffle, stopped early; only the places that were touched are held. */
function shuffledPrefix(size: number, count: number, random: SeededRandom): Int32Array {
  const moved = new Map<number, number>();
  const drawn = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    const other = k + Math.floor(random.uniform() * (size - k));
    drawn[k] = moved.get(other) ?? other;
    moved.set(other, moved.get(k) ?? k);
  }
  return drawn;
}
