import type { Precision } from './add-gram.ts';
import type { RealArray } from './blas.ts';

/** Arrays for what an iteration computes anew each time, by name: what was taken before under a name is overwritten. */
export class Scratch {
  readonly #arrays = new Map<string, RealArray>();

  take(name: string, length: number, precision: 'float64'): Float64Array;
  take(name: string, length: number, precision: Precision): RealArray;
  take(name: string, length: number, precision: Precision): RealArray {
    const key = `${name} ${length} ${precision}`;
    const known = this.#arrays.get(key);
    if (known) return known;
    const array = precision === 'float32' ? new Float32Array(length) : new Float64Array(length);
    this.#arrays.set(key, array);
    return array;
  }
}
