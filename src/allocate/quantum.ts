/** The largest number that all values are whole multiples of, if they are whole numbers; 0 otherwise. @param values ≥ 0 */
export function quantumOf(values: Iterable<number>): number {
  let divisor = 0;
  for (const value of values) {
    if (!Number.isSafeInteger(value)) return 0;
    divisor = commonDivisor(value, divisor);
  }
  return divisor;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
