/**
 * The exponent of the power spectrum of pictures along their rows: the slope of log power over log frequency.
 *
 * @param pictures one channel, row-major, of pictures `side` pixels wide
 */
export function spectrumSlope(pictures: Float64Array, side: number): number {
  const window = Float64Array.from({ length: side }, (_, x) => Math.sin((Math.PI * (x + 0.5)) / side) ** 2);
  const cosine = Float64Array.from({ length: side }, (_, x) => Math.cos((2 * Math.PI * x) / side));
  const frequencies = Array.from({ length: side / 2 - 2 }, (_, k) => k + 2);
  const power = frequencies.map(() => 0);
  for (let start = 0; start < pictures.length; start += side) {
    const row = pictures.subarray(start, start + side);
    const mean = row.reduce((sum, value) => sum + value, 0) / side;
    const values = row.map((value, x) => (value - mean) * (window[x] ?? 0));
    for (const [k, frequency] of frequencies.entries()) {
      const at = (x: number, shift: number) => cosine[(frequency * x + shift) % side] ?? 0;
      const re = values.reduce((sum, value, x) => sum + value * at(x, 0), 0);
      const im = values.reduce((sum, value, x) => sum + value * at(x, side / 4), 0);
      power[k] = (power[k] ?? 0) + re * re + im * im;
    }
  }
  return slope(frequencies.map(Math.log), power.map(Math.log));
}

/** Of the least-squares line through the points. */
function slope(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length) as [
    number,
    number,
  ];
  const cross = x.reduce((sum, value, k) => sum + (value - meanX) * ((y[k] ?? 0) - meanY), 0);
  return cross / x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
}
