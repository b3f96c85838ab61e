import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Outputs thrown away at the start of a stream. */
const WARM_UP = 32;

/** A stream of random numbers that is the same on every machine and every run. */
export interface SeededRandom {
  /** The next number, uniform on [0, 1). */
  uniform(): number;
  /** The next number, normal with mean 0 and variance 1. */
  normal(): number;
  /** `count` normal numbers. */
  normals(count: number): Float64Array;
}

/**
 * The stream that belongs to `name` under `seed`. What one place draws does not depend on how much another place drew,
 * so adding a node to a model leaves the random numbers of the others alone.
 */
export function seededRandom(seed: number, name: string): SeededRandom {
  const generator = xoroshiro128plus(hashName(seed, name));
  // The state starts with few bits set; its first outputs would be alike under neighbouring seeds.
  for (let i = 0; i < WARM_UP; i++) generator.next();
  let spare: number | undefined;
  const uniform = () => uniformFloat64(generator);
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // Box & Muller (1958); 1 − u lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal, normals: (count) => Float64Array.from({ length: count }, normal) };
}

/** FNV-1a over the UTF-16 code units of the name, started at the seed; one int32. */
function hashName(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) | 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash;
}
