import type { SeededRandom } from '../../src/numerics/index.ts';

/** A whole number from `low` to `high`, both included. */
export function integer(random: SeededRandom, low: number, high: number): number {
  return low + Math.floor(random.uniform() * (high - low + 1));
}

/** One of the choices; repeat one to make it likelier. */
export function pick<Choice>(random: SeededRandom, choices: readonly Choice[]): Choice {
  return choices[Math.floor(random.uniform() * choices.length)] as Choice;
}

export function chance(random: SeededRandom, probability: number): boolean {
  return random.uniform() < probability;
}
