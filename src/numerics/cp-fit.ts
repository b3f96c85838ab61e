import type { Blas } from './blas.ts';
import { randomStart, spectralStart } from './cp-start.ts';
import { balance, type CpModel, type CpTensor } from './cp-state.ts';
import { type Projection, projectInputs, type Swept, solveProjected, sweep } from './cp-sweep.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface CpFitOptions {
  readonly blas: Blas;
  readonly random: SeededRandom;
  readonly starts?: number;
  readonly maxSweeps?: number;
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

/** Sweeps that each start is given before the best one goes on. */
const TRIAL_SWEEPS = 20;

/** Sweeps over which progress is measured: ALS crosses flat stretches before it falls again. */
const WINDOW = 10;

/** A fit in progress: model, its projection on the inputs, and what extrapolation needs. */
interface Run extends Swept {
  readonly projection: Projection;
  readonly sweeps: number;
  /** Step of the next extrapolation, in units of the last sweep. */
  readonly reach: number;
  /** ‖X̂ − X‖² after each sweep. */
  readonly history: readonly number[];
}

/**
 * CP by alternating least squares. Every start gets a few sweeps, the best goes on to the end. After each sweep the
 * model is extrapolated along the last change, x + a·(x − x₋), which is kept only where the error falls (line search of
 * Harshman 1970 and Bro 1998, with a reach that adapts): the error never rises, and long flat stretches take a fraction
 * of the sweeps.
 */
export async function fitCp(tensor: CpTensor, rank: number, options: CpFitOptions): Promise<Swept> {
  const { starts = 3, maxSweeps = 200, random, blas } = options;
  let best: Run | undefined;
  for (let start = 0; start < starts; start++) {
    const model = start === 0 ? await spectralStart(tensor, rank, random, blas) : randomStart(tensor, rank, random);
    const run = await advance(await begin(tensor, model, rank, blas), Math.min(TRIAL_SWEEPS, maxSweeps), tensor, rank, options);
    if (!best || run.squaredError < best.squaredError) best = run;
  }
  return advance(best!, maxSweeps, tensor, rank, options);
}

async function begin(tensor: CpTensor, start: CpModel, rank: number, blas: Blas): Promise<Run> {
  const projection = await projectInputs(tensor, start, rank, blas);
  const solved = await solveProjected(tensor, start, projection, 1, rank, blas);
  return { ...solved, projection, sweeps: 0, reach: 1, history: [solved.squaredError] };
}

/** Sweeps on until `maxSweeps` in all, or until a window of sweeps gains less than the tolerance. */
async function advance(start: Run, maxSweeps: number, tensor: CpTensor, rank: number, options: CpFitOptions): Promise<Run> {
  let run = start;
  while (run.sweeps < maxSweeps && !settled(run, tensor.energy, options.tolerance ?? 1e-6)) {
    options.signal?.throwIfAborted();
    run = await extrapolatedSweep(run, tensor, rank, options.blas);
  }
  return run;
}

function settled({ history }: Run, energy: number, tolerance: number): boolean {
  const last = history.at(-1)!;
  const earlier = history.at(-1 - WINDOW);
  return last <= 0 || (earlier !== undefined && Math.sqrt(earlier / energy) - Math.sqrt(last / energy) < tolerance);
}

async function extrapolatedSweep(run: Run, tensor: CpTensor, rank: number, blas: Blas): Promise<Run> {
  const swept = await sweep(tensor, run.model, run.projection, rank, blas);
  const sweeps = run.sweeps + 1;
  const before = balance(run.model, rank);
  const far = swept.model.map((factor, mode) => extrapolate(before[mode]!, factor, run.reach));
  const farProjection = await projectInputs(tensor, far, rank, blas);
  const trial = await solveProjected(tensor, far, farProjection, 1, rank, blas);
  const history = [...run.history, Math.min(trial.squaredError, swept.squaredError)];
  if (trial.squaredError < swept.squaredError) {
    return { ...trial, projection: farProjection, sweeps, reach: run.reach * 1.5, history };
  }
  const projection = await projectInputs(tensor, swept.model, rank, blas);
  return { ...swept, projection, sweeps, reach: Math.max(1, run.reach / 2), history };
}

/** current + reach · (current − before). */
function extrapolate(before: Float64Array, current: Float64Array, reach: number): Float64Array {
  return current.map((value, i) => value + reach * (value - before[i]!));
}
