import type { PartLayout } from './core-parts.ts';
import { type BlockTermOptions, blockDescent } from './fit-blocks.ts';
import { errorsOfGroups } from './metric-fit.ts';
import type { RealNdArray } from './nd-array.ts';
import { readBetween } from './read-between.ts';

/** The logarithm of the error is nearly straight over this power of the rank, from 0 at rank 0. */
const POWER = 0.7;

/** A fit that errors are read from. */
interface ShortFit {
  readonly steps: number;
  /** The step from which on its progress is looked at. */
  readonly from: number;
  /** How much further 40 steps come, from d = ln(e_from/e_steps): a·d + b·d². */
  readonly a: number;
  readonly b: number;
}

/** Drawn out like this, errors of 6 steps are those of 40 within 1.5 % in the median and 28 % at worst; as they stand, 12 % and three times. */
const SHORT: ShortFit = { steps: 6, from: 3, a: 1.04, b: 9.12 };

/**
 * For ranks near the largest, which cost more than all others together: within 20 % but in one of seven layers, where 60 %
 * of an error below 0.02 is missed.
 */
const SHORTER: ShortFit = { steps: 2, from: 1, a: 7.44, b: 0 };

/** Further steps come further by less and less: in the logarithm 80 come 1.25 times as far as 40, 200 1.4 times; 16 0.57 times. */
const SLOWING = 0.7;

/** Where on the curve fits are made: near 0.1, 0.4 and 1 of the largest rank. */
const SHARES = [0.2, 0.53, 1];

/**
 * Relative errors of block models of many sizes (`blockTerm`, `calibratedCp`), as `steps` steps would leave them: three fits
 * of a few steps, each drawn out to where it was going, and a curve between.
 *
 * @param ranks sizes that are not exact
 * @param layoutOf the model of a size
 */
export async function blockErrors(
  kernel: RealNdArray,
  ranks: readonly number[],
  layoutOf: (rank: number) => PartLayout,
  options: BlockTermOptions,
): Promise<readonly number[]> {
  const { steps = 80 } = options;
  const largest = Math.max(...ranks);
  const logs = await readBetween(
    ranks.map((rank) => rank ** POWER),
    {
      shares: SHARES,
      origin: 0,
      async valuesAt(indices) {
        const errors = await errorsOfGroups(kernel, options, indices.length, async (group) => {
          let trace: number[] = [];
          const descent = await blockDescent(group, { ...options, onSweep: (_, error) => trace.push(error) });
          const lost: number[] = [];
          for (const rank of indices.map((index) => ranks[index]!)) {
            trace = [];
            const short = rank > 0.7 * largest ? SHORTER : SHORT;
            await descent.run(layoutOf(rank), Math.min(steps, short.steps));
            lost.push(drawnOut(trace, steps, short) ** 2);
          }
          return lost;
        });
        return errors.map((error) => Math.log(Math.max(error, 1e-8)));
      },
    },
  );
  return logs.map(Math.exp);
}

/** The error after many steps, from those after the first few; the first entry is that of the start. */
function drawnOut(trace: readonly number[], wanted: number, { steps, from, a, b }: ShortFit): number {
  const last = trace.at(-1)!;
  if (trace.length <= steps || wanted <= steps || last === 0) return last;
  const slope = Math.log(trace[from]! / last);
  const share = (Math.log(wanted / steps) / Math.log(40 / steps)) ** SLOWING;
  return last * Math.exp(-share * (a * slope + b * slope ** 2));
}
