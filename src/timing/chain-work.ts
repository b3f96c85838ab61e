import { stepKinds, stepWork } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

const perKind = ['macs', 'activations'] as const;
const common = ['fetches', 'unblocked', 'spilled', 'weights', 'steps'] as const;

export type WorkName = `${(typeof stepKinds)[number]} ${(typeof perKind)[number]}` | (typeof common)[number];

/** What times are proportional to: work of each kind of step, weights of all, and what an operator costs by itself. */
export const workNames: readonly WorkName[] = [
  ...stepKinds.flatMap((kind) => perKind.map((what) => `${kind} ${what}` as const)),
  ...common,
];

/**
 * Amounts in the order of {@link workNames}.
 *
 * @param cache elements that the processor keeps at hand from one step to the next
 */
export function chainWork(
  chain: readonly SizedStep[],
  block: number,
  cache = Number.POSITIVE_INFINITY,
): readonly number[] {
  const amounts = new Map<WorkName, number>();
  const add = (name: WorkName, amount: number) => amounts.set(name, (amounts.get(name) ?? 0) + amount);
  for (const step of chain) {
    const { kind, macs, activations, fetches, unblocked, weights } = stepWork(step, block);
    add(`${kind} macs`, macs);
    add(`${kind} activations`, activations);
    add('fetches', fetches);
    add('unblocked', unblocked);
    add('spilled', Math.max(0, activations - cache));
    add('weights', weights);
    add('steps', 1);
  }
  return workNames.map((name) => amounts.get(name) ?? 0);
}
