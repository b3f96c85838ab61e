import type { Blas } from './blas.ts';
import type { CpModel, CpTensor } from './cp-state.ts';
import { rowGram } from './row-basis.ts';
import type { SeededRandom } from './seeded-random.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** A rank-1 term σ·u⊗v of one S × K slice: u over the inputs, v over the positions, both of unit length. */
export interface Term {
  readonly weight: number;
  readonly input: Float64Array;
  readonly position: Float64Array;
}

/** Normal entries in every factor. */
export function randomStart({ sizes }: CpTensor, rank: number, random: SeededRandom): CpModel {
  return sizes.map((size) => random.normals(size * rank));
}

/**
 * Start from singular value decompositions: the rows of UᵀX₍ₜ₎, U the left singular vectors of the output unfolding,
 * are S × K matrices; of the rank-1 terms of all their SVDs the R largest give B and K. What is missing is filled with
 * normal entries of the same size. The output factor is left at zero, since a sweep solves for it first.
 */
export async function spectralStart(
  tensor: CpTensor,
  rank: number,
  random: SeededRandom,
  blas: Blas,
): Promise<CpModel> {
  const { sizes, positions } = tensor;
  const [outputs, inputs] = sizes as [number, number];
  const count = Math.min(outputs, rank);
  const matrix = { data: tensor.data, rows: outputs, columns: inputs * positions };
  const { vectors } = await symmetricEigen(await rowGram(matrix, blas), outputs, { vectors: count, blas });
  const rows = await blas.gemm64({ m: count, n: matrix.columns, k: outputs, a: vectors, b: tensor.data, transA: true });
  const terms: Term[] = [];
  for (let a = 0; a < count; a++) {
    const slice = rows.subarray(a * inputs * positions, (a + 1) * inputs * positions);
    terms.push(...(await rankOneTerms(slice, inputs, positions, blas)));
  }
  const largest = terms.sort((a, b) => b.weight - a.weight).slice(0, rank);
  const model = sizes.map((size, mode) => (mode === 0 ? new Float64Array(size * rank) : random.normals(size * rank)));
  for (const [r, term] of largest.entries()) {
    setColumn(
      model[1]!,
      rank,
      r,
      term.input.map((value) => value * term.weight),
    );
    const spatial = await rankOneFactors(term.position, sizes.slice(2), blas);
    for (const [j, column] of spatial.entries()) setColumn(model[j + 2]!, rank, r, column);
  }
  return model;
}

/** All rank-1 terms of an S × K matrix, from the Gram on the position side. */
export async function rankOneTerms(
  slice: Float64Array,
  inputs: number,
  positions: number,
  blas: Blas,
): Promise<Term[]> {
  const gram = await blas.gemm64({ m: positions, n: positions, k: inputs, a: slice, b: slice, transA: true });
  const { values, vectors } = await symmetricEigen(gram, positions, { vectors: 'all', blas });
  const terms: Term[] = [];
  for (let j = 0; j < Math.min(positions, inputs); j++) {
    const weight = Math.sqrt(Math.max(0, values[j]!));
    if (weight <= 1e-8 * Math.sqrt(Math.max(0, values[0]!))) break;
    const position = Float64Array.from({ length: positions }, (_, k) => vectors[k * positions + j]!);
    const input = new Float64Array(inputs);
    for (let s = 0; s < inputs; s++) {
      for (let k = 0; k < positions; k++) input[s]! += (slice[s * positions + k]! * position[k]!) / weight;
    }
    terms.push({ weight, input, position });
  }
  return terms;
}

/** Leading singular vectors of the unfoldings of a small tensor: its rank-1 HOSVD. */
export async function rankOneFactors(
  data: Float64Array,
  sizes: readonly number[],
  blas: Blas,
): Promise<Float64Array[]> {
  if (sizes.length === 1) return [data];
  const factors: Float64Array[] = [];
  for (const [mode, size] of sizes.entries()) {
    const after = sizes.slice(mode + 1).reduce((product, dim) => product * dim, 1);
    const gram = new Float64Array(size * size);
    for (let at = 0; at < data.length; at++) {
      const i = Math.floor(at / after) % size;
      for (let j = 0; j < size; j++) gram[i * size + j]! += data[at]! * data[at + (j - i) * after]!;
    }
    factors.push((await symmetricEigen(gram, size, { vectors: 1, blas })).vectors);
  }
  return factors;
}

function setColumn(factor: Float64Array, rank: number, column: number, values: Float64Array): void {
  for (let i = 0; i < values.length; i++) factor[i * rank + column] = values[i]!;
}
