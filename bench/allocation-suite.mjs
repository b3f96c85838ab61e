/** @typedef {import('./allocation-instances.mjs').Kind} Kind */

/** What the suite has of each combination of the others, the last of them as large as can be. */
const each = 13;

export const largest = { groups: 150, options: 20 };

const families = /** @type {const} */ (['uncorrelated', 'weak', 'curves', 'stairs']);

/**
 * 208 random instances of up to 150 groups of up to 20 options, in an order in which any stretch is a fair sample: four
 * families, one and two budgets from tight to loose, whole and real numbers, sizes over the whole range.
 *
 * @param {(seed: number, name: string) => { uniform(): number }} seededRandom
 * @returns {{ seed: number, kind: Kind & { budgets: number, real: boolean } }[]}
 */
export function allocationSuite(seededRandom) {
  const combinations = families.flatMap((name) =>
    [1, 2].flatMap((budgets) => [false, true].map((real) => ({ name, budgets, real }))),
  );
  return Array.from({ length: each }, (_, round) =>
    combinations.map((combination, at) => {
      const seed = round * combinations.length + at;
      const random = seededRandom(seed, 'sizes');
      const upTo = (/** @type {number} */ most) => 1 + Math.floor(most * random.uniform());
      const drawn = { groups: upTo(largest.groups), options: 1 + upTo(largest.options - 1) };
      const tightness = Array.from({ length: combination.budgets }, () => 0.05 + 0.75 * random.uniform());
      return { seed, kind: { ...combination, ...(round === each - 1 ? largest : drawn), tightness } };
    }),
  ).flat();
}
