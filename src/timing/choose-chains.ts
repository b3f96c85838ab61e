import { stepKind } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

type Chain = readonly SizedStep[];

export interface ChooseOptions {
  /** Chains of one method at one shape. */
  readonly perFamily: number;
  /** Chains in all; single operators are chosen however many they are. */
  readonly most: number;
}

/**
 * The chains whose times say most about the others: every single operator, and of each family (the same operators at the
 * same shapes, only the ranks differ) some that lie far apart.
 *
 * @param chains no two alike
 * @returns their positions, ascending
 */
export function chooseChains(chains: readonly Chain[], { perFamily, most }: ChooseOptions): readonly number[] {
  const families = new Map<string, number[]>();
  const chosen: number[] = [];
  chains.forEach((chain, position) => {
    if (chain.length === 1) chosen.push(position);
    else {
      const key = familyOf(chain);
      families.set(key, [...(families.get(key) ?? []), position]);
    }
  });
  const share = Math.max(1, Math.floor((most - chosen.length) / Math.max(1, families.size)));
  for (const members of families.values()) {
    const places = members.map((position) => ranksOf(chains[position] ?? []));
    for (const index of farApart(places, Math.min(perFamily, share))) chosen.push(members[index] ?? 0);
  }
  return chosen.sort((a, b) => a - b);
}

function familyOf(chain: Chain): string {
  const shapes = chain.map((step) => [
    step.opType,
    stepKind(step),
    step.kernelShape,
    step.strides,
    step.dilations,
    step.padsBegin,
    step.padsEnd,
    step.outputPadding,
    step.inputSizes,
    step.outputSizes,
  ]);
  return JSON.stringify([chain[0]?.inputs, chain.at(-1)?.outputs, shapes]);
}

/** Logarithms of the channels between the steps. */
function ranksOf(chain: Chain): readonly number[] {
  return chain.slice(0, -1).map(({ outputs }) => Math.log2(outputs));
}

/**
 * The smallest and the largest place, then again and again the one that is farthest from all that are chosen (Gonzalez,
 * Clustering to minimize the maximum intercluster distance, 1985).
 */
function farApart(places: readonly (readonly number[])[], count: number): readonly number[] {
  const size = places.map((place) => place.reduce((sum, value) => sum + value, 0));
  const first = size.indexOf(Math.min(...size));
  // One alone stands for the family best from its middle.
  if (count === 1) return [median(size)];
  const chosen = [first];
  const far = (a: number, b: number) =>
    Math.hypot(...(places[a] ?? []).map((value, axis) => value - (places[b]?.[axis] ?? value)));
  while (chosen.length < Math.min(count, places.length)) {
    const distances = places.map((_, place) => Math.min(...chosen.map((other) => far(place, other))));
    const largest = Math.max(...distances);
    if (largest === 0) break;
    chosen.push(distances.indexOf(largest));
  }
  return chosen;
}

function median(values: readonly number[]): number {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value || a.index - b.index);
  return order[Math.floor((order.length - 1) / 2)]?.index ?? 0;
}
