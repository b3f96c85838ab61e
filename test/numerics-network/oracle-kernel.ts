import type { NdArray } from '../../src/numerics/index.ts';

/** What a kernel of test/oracle/tucker.py is made from. */
export interface KernelRecipe {
  readonly seed: number;
  /** [T, S, kh, kw]. */
  readonly dims: readonly number[];
  readonly terms: number;
  readonly noise: number;
}

/** The same kernel as in test/oracle/tucker.py, bit for bit, as one group: float64[1, T, S, kh, kw]. */
export function oracleKernel({ seed, dims, terms, noise }: KernelRecipe): NdArray {
  const values = generator(seed);
  const length = dims.reduce((product, size) => product * size, 1);
  const data = new Float64Array(length);
  for (let j = 0; j < terms; j++) {
    let term: Float64Array = Float64Array.of(1);
    for (const size of dims) term = outer(term, values(size));
    for (let i = 0; i < length; i++) data[i]! += term[i]! / (1 + j);
  }
  const rest = values(length);
  for (let i = 0; i < length; i++) data[i]! += noise * rest[i]!;
  return { data, dims: [1, ...dims] };
}

/** x ← 1664525·x + 1013904223 mod 2³²; values x / 2³² − ½. */
function generator(seed: number): (count: number) => Float64Array {
  let state = seed;
  return (count) =>
    Float64Array.from({ length: count }, () => {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      return state / 2 ** 32 - 0.5;
    });
}

function outer(a: Float64Array, b: Float64Array): Float64Array {
  return Float64Array.from({ length: a.length * b.length }, (_, i) => a[Math.floor(i / b.length)]! * b[i % b.length]!);
}
