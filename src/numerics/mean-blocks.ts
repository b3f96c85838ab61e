import type { RealArray } from './blas.ts';

/** Mean of the K diagonal S × S blocks of G[(s,k),(l,u)], float64[S, S]. */
export function meanInputBlock(gram: RealArray, inputs: number, positions: number): Float64Array {
  const mean = new Float64Array(inputs * inputs);
  const size = inputs * positions;
  for (let s = 0; s < inputs; s++) {
    for (let k = 0; k < positions; k++) {
      const row = (s * positions + k) * size + k * inputs;
      for (let u = 0; u < inputs; u++) mean[s * inputs + u]! += gram[row + u]! / positions;
    }
  }
  return symmetrize(mean, inputs);
}

/** Mean of the S diagonal K × K blocks, float64[K, K]. */
export function meanPositionBlock(gram: RealArray, inputs: number, positions: number): Float64Array {
  const mean = new Float64Array(positions * positions);
  const size = inputs * positions;
  for (let s = 0; s < inputs; s++) {
    for (let k = 0; k < positions; k++) {
      const row = (s * positions + k) * size + s;
      for (let l = 0; l < positions; l++) mean[k * positions + l]! += gram[row + l * inputs]! / inputs;
    }
  }
  return symmetrize(mean, positions);
}

/** (X + Xᵀ)/2 in place: rounding of float32 leaves Gram matrices a little askew. */
export function symmetrize(matrix: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const both = (matrix[i * n + j]! + matrix[j * n + i]!) / 2;
      matrix[i * n + j] = both;
      matrix[j * n + i] = both;
    }
  }
  return matrix;
}
