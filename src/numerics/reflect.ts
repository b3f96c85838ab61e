/**
 * The reflector that maps the first `length` entries of `row` on a multiple of the last unit vector.
 * @param reflector receives v with ‖v‖² = 2, or zeros when there is nothing to eliminate
 * @returns the multiple: the off-diagonal entry of T
 */
export function reflect(row: Float64Array, length: number, reflector: Float64Array): number {
  const last = length - 1;
  const alpha = row[last]!;
  let rest = 0;
  for (let c = 0; c < last; c++) rest += row[c]! * row[c]!;
  if (rest === 0) {
    reflector.fill(0, 0, length);
    return alpha;
  }
  const beta = alpha > 0 ? -Math.sqrt(alpha * alpha + rest) : Math.sqrt(alpha * alpha + rest);
  const head = alpha - beta;
  // ‖x − βe‖² = rest + (α − β)² = −2β(α − β): a scale that makes it 2.
  const scale = 1 / Math.sqrt(-beta * head);
  for (let c = 0; c < last; c++) reflector[c] = row[c]! * scale;
  reflector[last] = head * scale;
  return beta;
}
