import type { Instance } from './instance.ts';
export function multipliersOf({ limits }: Instance): readonly number[] {
  return limits.map((l) => 1 / l);
}
