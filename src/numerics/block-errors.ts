import type { PartLayout } from './core-parts.ts';
import { type BlockTermOptions, blockDescent } from './fit-blocks.ts';
import { errorsOfGroups } from './metric-fit.ts';
import type { RealNdArray } from './nd-array.ts';
import { readBetween } from './read-between.ts';

/** Fits that errors are read from, and their steps. */
const [FITS, STEPS] = [3, 6];

/** The logarithm of the error is nearly straight over this power of the rank, from 0 at rank 0. */
export const RANK_POWER = 0.7;

/**
 * How much further 40 steps come than 6, from d = ln(e₃/e₆) of the steps that were made: a·d + b·d². Without this, errors
 * are 12 % too high in the median and three times too high at worst; with it 1.5 % and 28 %.
 */
const FURTHER = { a: 1.04, b: 9.12, steps: 40 };

/**
 * Relative errors of block models of many sizes (`blockTerm`, `calibratedCp`), as `steps` steps would leave them: three fits
 * of a few steps, each drawn out to where it was going, and a curve between. Of 112 fits in the metric of two trained
 * networks half are met within 4.5 %, nine of ten within 15 %, all within 28 %; five in six of the time are saved by fewer steps.
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
  const { steps = 40 } = options;
  const logs = await readBetween(
    ranks.map((rank) => rank ** RANK_POWER),
    {
      count: FITS,
      origin: 0,
      async valuesAt(indices) {
        const errors = await errorsOfGroups(kernel, options, indices.length, async (group) => {
          const descent = await blockDescent(group, { ...options, onSweep: (_, error) => trace.push(error) });
          let trace: number[] = [];
          const lost: number[] = [];
          for (const index of indices) {
            trace = [];
            await descent.run(layoutOf(ranks[index]!), Math.min(steps, STEPS));
            lost.push(drawnOut(trace, steps) ** 2);
          }
          return lost;
        });
        return errors.map((error) => Math.log(Math.max(error, 1e-8)));
      },
    },
  );
  return logs.map(Math.exp);
}

/** The error after many steps, from those of the start and the first few. */
function drawnOut(trace: readonly number[], steps: number): number {
  const last = trace.at(-1)!;
  if (trace.length <= STEPS || steps <= STEPS || last === 0) return last;
  const slope = Math.log(trace[STEPS / 2]! / last);
  const further = FURTHER.a * slope + FURTHER.b * slope ** 2;
  return last * Math.exp((-further * Math.log(steps / STEPS)) / Math.log(FURTHER.steps / STEPS));
}
