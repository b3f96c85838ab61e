import type { RealArray } from './blas.ts';

/** target −= source, entry by entry. */
export function subtract(target: RealArray, source: RealArray): void {
  for (let i = 0; i < target.length; i++) target[i]! -= source[i]!;
}
