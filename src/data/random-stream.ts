import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Outputs thrown away at the start of a stream: the state starts with few bits set. */
const warmUp = 16;

/**
 * Random numbers that are the same to the last bit on every machine: IEEE additions, products and square roots only,
 * which are rounded correctly everywhere. Math.sin, log and pow are not, and so there is no Box–Muller here.
 */
export interface RandomStream {
  /** Uniform on [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Uniform on [low, high). */
  between(low: number, high: number): number;
  /** About normal, mean 0 and variance 1: a sum of four uniform numbers, which never leaves ±3.5. */
  bell(): number;
  /** A direction in the plane, uniform on the circle. */
  direction(): readonly [number, number];
}

/** The stream of item `index` under `seed`; it depends on nothing else. */
export function randomStream(seed: number, index: number): RandomStream {
  const generator = xoroshiro128plus(mix(mix(seed) + index));
  for (let k = 0; k < warmUp; k++) generator.next();
  const uniform = () => (generator.next() >>> 0) * 2 ** -32;
  const direction = (): readonly [number, number] => {
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const square = x * x + y * y;
      if (square <= 1 && square > 1e-4) return [x / Math.sqrt(square), y / Math.sqrt(square)];
    }
  };
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    bell: () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3),
    direction,
  };
}

/** The finalizer of MurmurHash3: neighbours become strangers. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
