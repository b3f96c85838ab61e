import type { Blas } from './blas.ts';
import { columnNorms } from './column-norms.ts';
import { randomStart, spectralStart } from './cp-start.ts';
import { balance, type CpModel, type CpTensor } from './cp-state.ts';
import { type Projection, projectInputs, type Swept, solveProjected, sweep } from './cp-sweep.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface CpFitOptions {
  readonly blas: Blas;
  readonly random: SeededRandom;
  readonly starts?: number;
  readonly reseeds?: number;
  readonly maxSweeps?: number;
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

/** Sweeps that each start is given before the worse half is dropped; twice as many in every further round. */
const TRIAL_SWEEPS = 20;

/** A reseeded fit whose squared error is still this far above the best one after its trial sweeps is given up. */
const HOPELESS = 1.01;

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
 * CP by alternating least squares. The error has many local minima, so several starts compete: after a few sweeps the
 * worse half is dropped, the rest go on for twice as long, until one is left and runs to the end.
 *
 * After each sweep the model is extrapolated along the last change, x + a·(x − x₋), which is kept only where the error
 * falls (line search of Harshman 1970 and Bro 1998, with a reach that adapts): the error never rises, and long flat
 * stretches take a fraction of the sweeps.
 */
export async function fitCp(tensor: CpTensor, rank: number, options: CpFitOptions): Promise<Swept> {
  const { starts = 3, maxSweeps = 200, random, blas } = options;
  let runs: Run[] = [];
  for (let start = 0; start < starts; start++) {
    const model = start === 0 ? await spectralStart(tensor, rank, random, blas) : randomStart(tensor, rank, random);
    runs.push(await begin(tensor, model, rank, blas));
  }
  for (let sweeps = TRIAL_SWEEPS; runs.length > 1 && sweeps < maxSweeps; sweeps *= 2) {
    const tried: Run[] = [];
    for (const run of runs) tried.push(await advance(run, sweeps, tensor, rank, options));
    runs = tried.sort((a, b) => a.squaredError - b.squaredError).slice(0, Math.ceil(runs.length / 2));
  }
  const finished: Run[] = [];
  for (const run of runs) finished.push(await advance(run, maxSweeps, tensor, rank, options));
  const best = finished.reduce((least, run) => (run.squaredError < least.squaredError ? run : least));
  return reseeded(best, tensor, rank, options);
}

/** Draws the weakest component anew, then the second weakest and so on; after every success again from the weakest. */
async function reseeded(start: Swept, tensor: CpTensor, rank: number, options: CpFitOptions): Promise<Swept> {
  const { reseeds = 0, maxSweeps = 200, random, blas } = options;
  let best = start;
  for (let count = 0, place = 0; count < reseeds; count++, place++) {
    const model = redraw(balance(best.model, rank), rank, place % rank, random);
    let run = await advance(await begin(tensor, model, rank, blas), TRIAL_SWEEPS, tensor, rank, options);
    if (run.squaredError > HOPELESS * best.squaredError) continue;
    run = await advance(run, maxSweeps, tensor, rank, options);
    if (run.squaredError >= best.squaredError) continue;
    best = run;
    place = -1;
  }
  return best;
}

/** The balanced model with normal entries of the same size in its component of the given place, by rising size. */
function redraw(model: CpModel, rank: number, place: number, random: SeededRandom): CpModel {
  const sizes = columnNorms(model[0]!, rank);
  const component = [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]!)[place]!;
  return model.map((factor) => {
    const scale = sizes[component]! / Math.sqrt(factor.length / rank);
    return factor.map((value, i) => (i % rank === component ? scale * random.normal() : value));
  });
}

async function begin(tensor: CpTensor, start: CpModel, rank: number, blas: Blas): Promise<Run> {
  const projection = await projectInputs(tensor, start, rank, blas);
  const solved = await solveProjected(tensor, start, projection, 1, rank, blas);
  return { ...solved, projection, sweeps: 0, reach: 1, history: [solved.squaredError] };
}

/** Sweeps on until `maxSweeps` in all, or until a window of sweeps gains less than the tolerance. */
async function advance(
  start: Run,
  maxSweeps: number,
  tensor: CpTensor,
  rank: number,
  options: CpFitOptions,
): Promise<Run> {
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
