import type { Decomposition, RankAxis, Ranks } from '../pass/index.ts';

/** Most ranks to try along a single axis. */
const mostAlone = 64;

/** Most combinations to try of several axes, before those that are not worth it drop out. */
const mostTogether = 128;

/**
 * Shares R/R_max of the axes of one combination differ by at most this factor. The best ranks of Tucker-2 lie near
 * R3/S = R4/T; a stride, which makes the input side dearer, moves them by less than this.
 */
const band = 2;

/**
 * Ranks to choose from: multiples of `block`, thinned out at equal ratios where there are too many. A rank counts as the
 * channels that it makes: Q blocks of m channels are Q·m. An axis shorter than a block is kept whole.
 *
 * @param admits whether ranks are worth the rewrite; where some are not, larger ones are not either
 * @returns each combination once, smaller ranks first
 */
export function rankGrid(
  decomposition: Decomposition,
  block: number,
  admits: (ranks: Ranks) => boolean,
): readonly Ranks[] {
  const { axes } = decomposition;
  const multiples = axes.map((axis) => multiplesOf(blockAlong(axis, decomposition, block), axis.max));
  const ranksOf = (values: readonly number[]): Ranks => {
    const ranks = Object.fromEntries(axes.map(({ name }, axis) => [name, values[axis] as number]));
    return decomposition.clamp?.(ranks) ?? ranks;
  };
  const [alone, ...others] = multiples;
  if (alone && others.length === 0) {
    const count = countUpTo(alone, (rank) => admits(ranksOf([rank])));
    return thinned(alone.slice(0, count), mostAlone).map((rank) => ranksOf([rank]));
  }
  const distinct = new Map(inBand(multiples, axes).map((values) => [ranksOf(values), values] as const));
  return [...new Map([...distinct.keys()].map((ranks) => [JSON.stringify(ranks), ranks])).values()].filter(admits);
}

/** The smallest step of a rank that keeps channel counts at multiples of `block`. */
function blockAlong({ name }: RankAxis, { chain, sizes = {} }: Decomposition, block: number): number {
  const made = chain.find(({ to }) => to.includes(name))?.to ?? [];
  const together = made.reduce((product, index) => product * (sizes[index] ?? 1), 1);
  return block / greatestCommonDivisor(block, together);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function multiplesOf(step: number, max: number): readonly number[] {
  const count = Math.floor(max / step);
  return count === 0 ? [max] : Array.from({ length: count }, (_, place) => (place + 1) * step);
}

/** How many values, from the first on, have a property that holds up to some point. */
function countUpTo(values: readonly number[], holds: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(values[middle - 1] as number)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * At most `count` of rising values, first and last among them: of as many stretches of equal ratio the roundest value each,
 * since vectors and blocked layouts come in powers of two.
 */
function thinned(values: readonly number[], count: number): readonly number[] {
  const [first, last] = [values[0], values.at(-1)];
  if (values.length <= count || first === undefined || last === undefined) return values;
  const stretches = Math.max(1, count - 2);
  const roundest = new Map<number, number>();
  for (const value of values.slice(1, -1)) {
    const stretch = Math.floor((stretches * Math.log(value / first)) / Math.log(last / first));
    const known = roundest.get(stretch);
    if (known === undefined || twosIn(value) > twosIn(known)) roundest.set(stretch, value);
  }
  return [first, ...roundest.values(), last];
}

/** The largest power of two that divides a whole number. */
function twosIn(value: number): number {
  return value & -value;
}

/** Combinations of all axes within the band, from the densest lists with which they are few enough. */
function inBand(lists: readonly (readonly number[])[], axes: readonly RankAxis[]): readonly (readonly number[])[] {
  let count = Math.min(mostAlone, Math.max(...lists.map(({ length }) => length)));
  for (;;) {
    const found = combinations(lists.map((list) => thinned(list, count))).filter((values) => {
      const shares = values.map((value, axis) => value / (axes[axis] as RankAxis).max);
      return Math.max(...shares) <= band * Math.min(...shares);
    });
    if (found.length <= mostTogether || count <= 2) return found;
    count = Math.floor(0.9 * count);
  }
}

function combinations(lists: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return lists.reduce<readonly (readonly number[])[]>(
    (found, list) => found.flatMap((values) => list.map((value) => [...values, value])),
    [[]],
  );
}
