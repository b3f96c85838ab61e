/** How a kernel [T, S, K] is cut into blocks of size m, without any loss. */
type Cut = 'tiles' | 'output-fibres' | 'input-fibres';

/**
 * The number of blocks of size m that reproduce any kernel [T, S, K]: one for each m × m tile of channels, or for each chunk
 * of m inputs as many as its m·K fibres along the outputs fill, or the same with the sides exchanged.
 */
export function blockExactCount(outputs: number, inputs: number, positions: number, size: number): number {
  return exactCut(outputs, inputs, positions, size).count;
}

function exactCut(outputs: number, inputs: number, positions: number, m: number): { cut: Cut; count: number } {
  const chunks = (n: number) => Math.ceil(n / m);
  const cuts: { cut: Cut; count: number }[] = [
    { cut: 'tiles', count: chunks(outputs) * chunks(inputs) },
    { cut: 'output-fibres', count: chunks(inputs) * positions },
    { cut: 'input-fibres', count: chunks(outputs) * positions },
  ];
  return cuts.reduce((least, next) => (next.count < least.count ? next : least));
}

/**
 * A kernel as a block term decomposition, to the bit: every entry stands in one factor, the others select it. Blocks beyond
 * `blockExactCount` are zero.
 * @param kernel float64[T, S, K]
 * @returns A[T, Q, m], C[Q, m, m, K], B[Q, m, S]
 */
export function exactBlocks(
  kernel: Float64Array,
  [outputs, inputs, positions]: readonly [number, number, number],
  { count: Q, size: m }: { readonly count: number; readonly size: number },
): { A: Float64Array; C: Float64Array; B: Float64Array } {
  const A = new Float64Array(outputs * Q * m);
  const C = new Float64Array(Q * m * m * positions);
  const B = new Float64Array(Q * m * inputs);
  const { cut } = exactCut(outputs, inputs, positions, m);
  for (let t = 0; t < outputs; t++) {
    for (let s = 0; s < inputs; s++) {
      for (let k = 0; k < positions; k++) {
        const value = kernel[(t * inputs + s) * positions + k]!;
        const [tChunk, a, sChunk, b] = [Math.floor(t / m), t % m, Math.floor(s / m), s % m];
        if (cut === 'tiles') {
          const q = tChunk * Math.ceil(inputs / m) + sChunk;
          place(q, a, b, k, t, s, [1, value, 1]);
        } else if (cut === 'output-fibres') {
          // Block (chunk, k) holds the fibres of its m inputs at position k.
          place(sChunk * positions + k, b, b, k, t, s, [value, 1, 1]);
        } else {
          place(tChunk * positions + k, a, a, k, t, s, [1, 1, value]);
        }
      }
    }
  }
  return { A, C, B };

  function place(q: number, a: number, b: number, k: number, t: number, s: number, values: readonly number[]): void {
    A[(t * Q + q) * m + a] = values[0]!;
    C[((q * m + a) * m + b) * positions + k] = values[1]!;
    B[(q * m + b) * inputs + s] = values[2]!;
  }
}
