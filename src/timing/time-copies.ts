import { DiagnosticError } from '../diagnostics.ts';
import type { Feeds, Runtime, RuntimeSession } from '../runtime/index.ts';
import { chainModel } from './chain-model.ts';
import { stepWork } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

export interface MeasureOptions {
  /** Intra-op threads: processor time is measured for one, wall time for more. */
  readonly threads: number;
}

/** Which chain, as often as its model holds it. */
export interface Copies {
  readonly chain: readonly SizedStep[];
  readonly copies: number;
}

/** Sessions that take turns, and the bytes of weights they may hold together. */
const together = 16;
const mostBytes = 2 ** 27;

/** Turns of each model: more while the best two of them differ by more than the tolerance, which means a busy machine. */
const leastTurns = 4;
const mostTurns = 16;
const tolerance = 0.02;
/** Milliseconds of one turn: many times what the clock resolves, and short beside the slices of a busy system. */
const turn = 4;
const warmUpRuns = 3;

/**
 * Milliseconds of one run of each model.
 *
 * The models of a group take turns, round after round: what slows the machine for a while slows a turn of each. A turn
 * counts as the lower quartile of its runs, a model as the least of its turns: interruptions only ever add. Scaling by a
 * reference that takes its turn as well was no help: on a busy machine the models of a group are slowed by very different
 * factors (−30 % to 0 in the same second), and on a quiet one by none.
 *
 * @returns NaN for a model that ONNX Runtime does not take
 */
export async function timeCopies(
  runtime: Runtime,
  models: readonly Copies[],
  { threads }: MeasureOptions,
): Promise<Float64Array> {
  const times: number[] = [];
  for (const group of groups(models)) {
    const entrants: (Entrant | undefined)[] = [];
    for (const model of group) entrants.push(await enter(runtime, model, threads));
    for (let round = 0; round < mostTurns; round++)
      for (const entrant of entrants) if (entrant && !isSettled(entrant)) await takeTurn(entrant);
    for (const entrant of entrants) {
      await entrant?.session.release();
      times.push(entrant ? Math.min(...entrant.turns) : Number.NaN);
    }
  }
  return Float64Array.from(times);
}

interface Entrant {
  readonly session: RuntimeSession;
  readonly feeds: Feeds;
  readonly runs: number;
  readonly clock: 'cpu' | 'wall';
  /** Milliseconds of a run, turn by turn. */
  readonly turns: number[];
}

function isSettled({ turns }: Entrant): boolean {
  const [best = 0, second = 0] = [...turns].sort((a, b) => a - b);
  return turns.length >= leastTurns && second <= best * (1 + tolerance);
}

async function takeTurn({ session, feeds, runs, clock, turns }: Entrant): Promise<void> {
  const batch = (await session.time(feeds, runs))[clock].sort();
  turns.push(batch[Math.floor(batch.length / 4)] ?? Number.NaN);
}

async function enter(runtime: Runtime, { chain, copies }: Copies, threads: number): Promise<Entrant | undefined> {
  const { bytes, feeds } = chainModel(chain, copies);
  try {
    const session = await runtime.load(bytes, { threads });
    const { wall } = await session.time(feeds, warmUpRuns);
    const shortest = wall.reduce((a, b) => Math.min(a, b));
    return {
      session,
      feeds,
      runs: Math.max(1, Math.ceil(turn / Math.max(shortest, 1e-3))),
      clock: threads === 1 ? 'cpu' : 'wall',
      turns: [],
    };
  } catch (cause) {
    if (cause instanceof DiagnosticError && cause.diagnostic.code === 'runtime-rejected') return undefined;
    throw cause;
  }
}

function groups(models: readonly Copies[]): readonly (readonly Copies[])[] {
  const result: Copies[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const model of models) {
    const bytes = 4 * model.copies * model.chain.reduce((sum, step) => sum + stepWork(step, 1).weights, 0);
    const last = result.at(-1);
    if (last && last.length < together && held + bytes <= mostBytes) {
      last.push(model);
      held += bytes;
    } else {
      result.push([model]);
      held = bytes;
    }
  }
  return result;
}
