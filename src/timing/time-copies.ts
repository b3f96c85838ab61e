import { DiagnosticError } from '../diagnostics.ts';
import type { Device, Feeds, ModelSource, Runtime, RuntimeSession } from '../runtime/index.ts';
import { chainModel } from './chain-model.ts';
import { plainConvolution } from './plain-convolution.ts';
import { stepWork } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

export interface MeasureOptions {
  /** Intra-op threads. Processor time is measured for one thread on the CPU, wall time for more and on other devices. */
  readonly threads: number;
  readonly device: Device;
}

/** Which chain, as often as its model holds it. */
export interface Copies {
  readonly chain: readonly SizedStep[];
  readonly copies: number;
}

/** Sessions that take turns, and the bytes of weights they may hold together. */
const together = 16;
const mostBytes = 2 ** 27;

interface Effort {
  /** Sessions that time each model, one after the other. */
  readonly loads: number;
  /** Turns in each: more while the best two of them differ by more than the tolerance, which means a busy machine. */
  readonly leastTurns: number;
  readonly mostTurns: number;
}

/**
 * Where arrays come to lie is chance, and so is what neighbours do: both make the same model up to a fifth slower in one
 * session than in the next. By geometric means of three runs of the whole bench 140 chains are modelled with an error of 8.6 %
 * on a machine with AVX2, where one run gives 10 to 13 %, medians of three 9.4 to 9.7 % and the shortest of three 9.3 to 9.7 %.
 */
const severalLoads: Effort = { loads: 3, leastTurns: 2, mostTurns: 4 };

/** Several threads take three times as long to time, and whole models are looked at in any case. */
const oneLoad: Effort = { loads: 1, leastTurns: 4, mostTurns: 8 };
const tolerance = 0.03;

/** Milliseconds of one turn: many times what the clock resolves, and short beside the slices of a busy system. */
const turn = 4;
const warmUpRuns = 3;

/**
 * Microseconds that threads of a session wait for the next operator or run. Those of all sessions that had their turn would
 * otherwise spin on the cores of the one whose turn it is.
 */
const spin = 1000;

/** A usual convolution, some tenths of a millisecond in all, and a shorter turn. */
const referenceModel = { chain: [plainConvolution(64, 3, 8)], copies: 4 };
const referenceTurn = 1;

/**
 * Times of one run of each model, as multiples of the reference's.
 *
 * The models of a group take turns, round after round, so that a busy moment costs each of them one turn, and the reference
 * takes one after each of theirs. In a session a model counts as its shortest run, since interruptions only ever add,
 * divided by the shortest run of the reference in the same rounds: a neighbour on the same core slows all alike, by a quarter
 * and for many seconds.
 *
 * Measured twice, with ten other processes on two cores, such times differed by 4 % rms. Shortest runs alone do as well
 * within a group, but groups then differ from each other by up to 30 %; medians of a model's turn ÷ the reference's just
 * before and after it differed by 8 %, also if only the turns with a fast reference counted.
 *
 * @returns NaN for a model that ONNX Runtime does not take
 */
export async function timeCopies(
  runtime: Runtime,
  models: readonly Copies[],
  options: MeasureOptions,
): Promise<Float64Array> {
  if (models.length === 0) return new Float64Array();
  const reference = await enter(runtime, referenceModel, options, referenceTurn);
  if (!reference) return new Float64Array(models.length).fill(Number.NaN);
  const effort = options.threads > 1 ? oneLoad : severalLoads;
  const logs = new Float64Array(models.length);
  for (let load = 0; load < effort.loads; load++) {
    let place = 0;
    for (const group of groups(models)) {
      for (const ratio of await timeGroup(runtime, group, reference, options, effort)) {
        logs[place] = (logs[place] as number) + Math.log(ratio) / effort.loads;
        place++;
      }
    }
  }
  await reference.session.release();
  return logs.map(Math.exp);
}

/** Each model's shortest run ÷ the reference's, in one session; NaN for what ONNX Runtime does not take. */
async function timeGroup(
  runtime: Runtime,
  group: readonly Copies[],
  reference: Entrant,
  options: MeasureOptions,
  { leastTurns, mostTurns }: Effort,
): Promise<readonly number[]> {
  const entrants: (Entrant | undefined)[] = [];
  for (const model of group) entrants.push(await enter(runtime, model, options));
  const references: number[] = [];
  for (let round = 0; round < mostTurns; round++) {
    const turns = await playRound(entrants, reference, leastTurns);
    if (turns.length > 0) references.push(Math.min(...turns));
  }
  for (const entrant of entrants) await entrant?.session.release();
  return entrants.map((entrant) => (entrant ? shortestRatio(entrant, references) : Number.NaN));
}

/** Milliseconds of the reference here and now: what makes multiples into times. */
export async function timeReference(runtime: Runtime, options: MeasureOptions): Promise<number> {
  const reference = await enter(runtime, referenceModel, options);
  if (!reference) return Number.NaN;
  for (let i = 0; i < oneLoad.mostTurns; i++) await takeTurn(reference);
  await reference.session.release();
  return Math.min(...reference.turns);
}

/** A turn of each entrant that needs one. @returns the shortest runs of the reference in between */
async function playRound(
  entrants: readonly (Entrant | undefined)[],
  reference: Entrant,
  leastTurns: number,
): Promise<readonly number[]> {
  const references: number[] = [];
  for (const entrant of entrants) {
    if (!entrant || isSettled(entrant, leastTurns)) continue;
    await takeTurn(entrant);
    references.push(await takeTurn(reference));
  }
  return references;
}

/** @param references one for each round */
function shortestRatio({ turns }: Entrant, references: readonly number[]): number {
  return Math.min(...turns) / Math.min(...references.slice(0, turns.length));
}

interface Entrant {
  readonly session: RuntimeSession;
  readonly feeds: Feeds;
  readonly runs: number;
  readonly clock: 'cpu' | 'wall';
  /** Milliseconds of the shortest run of each turn. */
  readonly turns: number[];
}

function isSettled({ turns }: Entrant, leastTurns: number): boolean {
  const [best = 0, second = 0] = [...turns].sort((a, b) => a - b);
  return turns.length >= leastTurns && second <= best * (1 + tolerance);
}

async function takeTurn({ session, feeds, runs, clock, turns }: Entrant): Promise<number> {
  const shortest = (await session.time(feeds, runs))[clock].reduce((a, b) => Math.min(a, b));
  turns.push(shortest);
  return shortest;
}

/** The same for a model that somebody else made. */
export async function timeModel(
  runtime: Runtime,
  model: ModelSource,
  feeds: Feeds,
  options: MeasureOptions,
): Promise<number> {
  const reference = await enter(runtime, referenceModel, options, referenceTurn);
  const entrant = reference && (await open(runtime, model, feeds, options, 4 * turn));
  if (!entrant) return Number.NaN;
  const references: number[] = [];
  const { leastTurns, mostTurns } = oneLoad;
  for (let round = 0; round < mostTurns; round++)
    references.push(...(await playRound([entrant], reference, leastTurns)));
  await entrant.session.release();
  await reference.session.release();
  return shortestRatio(entrant, references);
}

async function enter(
  runtime: Runtime,
  { chain, copies }: Copies,
  options: MeasureOptions,
  milliseconds = turn,
): Promise<Entrant | undefined> {
  const { bytes, feeds } = chainModel(chain, copies);
  return open(runtime, bytes, feeds, options, milliseconds);
}

async function open(
  runtime: Runtime,
  model: ModelSource,
  feeds: Feeds,
  { threads, device }: MeasureOptions,
  milliseconds: number,
): Promise<Entrant | undefined> {
  try {
    const session = await runtime.load(model, { threads, device, spin });
    const { wall } = await session.time(feeds, warmUpRuns);
    const shortest = wall.reduce((a, b) => Math.min(a, b));
    return {
      session,
      feeds,
      runs: Math.max(1, Math.ceil(milliseconds / Math.max(shortest, 1e-3))),
      clock: threads === 1 && device === 'cpu' ? 'cpu' : 'wall',
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
