import { chainWork, type WorkName, workNames } from './chain-work.ts';
import { localCorrection, rootMeanSquare } from './local-correction.ts';
import { nonNegativeLeastSquares } from './non-negative-least-squares.ts';
import type { SizedStep } from './timed-step.ts';

export interface TimedSample {
  readonly chain: readonly SizedStep[];
  /** Measured, > 0. */
  readonly milliseconds: number;
}

/** Milliseconds of chains, from measurements of others. */
export interface FittedModel {
  milliseconds(chain: readonly SizedStep[]): number;
  /** Channels that ONNX Runtime keeps together, as the measurements show it. */
  readonly block: number;
  /** Milliseconds for each unit of work. */
  readonly coefficients: Readonly<Record<WorkName, number>>;
  /** Root mean square of log(modelled ÷ measured); with neighbours, each chain by the others'. */
  readonly rms: number;
  /** Octaves around a chain from which measurements correct it; 0 where that does not help. */
  readonly radius: number;
}

export interface FitOptions {
  /** Blocks to try: all that vector units have, by default. */
  readonly blocks?: readonly number[];
  /** Whether neighbours may correct the model. */
  readonly local?: boolean;
}

/** From scalar to 1024 bits of float32. */
export const vectorBlocks: readonly number[] = [1, 4, 8, 16, 32];

/** What second-level caches hold of float32: 256 KiB to 4 MiB. */
const cacheSizes: readonly number[] = [2 ** 16, 2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20];

/**
 * Fits Σ coefficient · work to measured times, coefficients not negative, relative errors squared: a small chain counts as
 * much as a large one. The block that channels are rounded up to is the one that fits best.
 */
export function fitTimeModel(
  samples: readonly TimedSample[],
  { blocks = vectorBlocks, local = true }: FitOptions = {},
): FittedModel {
  // A cache that nothing overflows fits like one that is never full.
  const overflowing = cacheSizes.filter((cache) => samples.some(({ chain }) => overflows(chain, blocks, cache)));
  const [first, ...others] = [Number.POSITIVE_INFINITY, ...overflowing].flatMap((cache) =>
    blocks.map((block) => fitWith(samples, block, cache)),
  );
  if (!first) throw new Error('there is a block to try');
  const { block, cache, weights } = others.reduce((best, fit) => (fit.rms < best.rms ? fit : best), first);
  const model = (chain: readonly SizedStep[]) => product(chainWork(chain, block, cache), weights);
  const residuals = samples.map(({ chain, milliseconds }) => ({ chain, log: Math.log(milliseconds / model(chain)) }));
  const { correct, rms, radius } = local
    ? localCorrection(residuals, block)
    : { correct: () => 0, rms: rootMeanSquare(residuals.map(({ log }) => log)), radius: 0 };
  return {
    milliseconds: (chain) => model(chain) * Math.exp(correct(chain)),
    block,
    coefficients: Object.fromEntries(workNames.map((name, i) => [name, weights[i] ?? 0])) as Record<WorkName, number>,
    rms,
    radius,
  };
}

function overflows(chain: readonly SizedStep[], blocks: readonly number[], cache: number): boolean {
  return (chainWork(chain, Math.max(...blocks), cache)[workNames.indexOf('spilled')] ?? 0) > 0;
}

function fitWith(samples: readonly TimedSample[], block: number, cache: number) {
  const rows = samples.map(({ chain, milliseconds }) =>
    chainWork(chain, block, cache).map((value) => value / milliseconds),
  );
  const weights = nonNegativeLeastSquares(
    rows,
    rows.map(() => 1),
  );
  return { block, cache, weights, rms: rootMeanSquare(rows.map((row) => Math.log(product(row, weights)))) };
}

/** Never 0, even where all that a chain does is new to the model. */
function product(work: readonly number[], weights: readonly number[]): number {
  const least = 1e-6;
  return Math.max(
    least,
    work.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0),
  );
}
