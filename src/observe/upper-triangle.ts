/** Elements on and above the diagonal of an n × n matrix. */
export function triangleSize(n: number): number {
  return (n * (n + 1)) / 2;
}

/** Copies the rows of the upper triangle, each from its diagonal element on, one after the other. */
export function packTriangle(matrix: Float32Array, n: number, into: Float32Array, offset: number): void {
  let to = offset;
  for (let row = 0; row < n; row++) {
    into.set(matrix.subarray(row * n + row, (row + 1) * n), to);
    to += n - row;
  }
}

/** @returns the symmetric matrix float32[n, n] whose upper triangle begins at `offset` of `packed` */
export function unpackTriangle(packed: Float32Array, n: number, offset: number): Float32Array {
  const matrix = new Float32Array(n * n);
  let from = offset;
  for (let row = 0; row < n; row++) {
    const values = packed.subarray(from, from + n - row);
    matrix.set(values, row * n + row);
    for (let k = 1; k < values.length; k++) matrix[(row + k) * n + row] = values[k] ?? 0;
    from += n - row;
  }
  return matrix;
}
