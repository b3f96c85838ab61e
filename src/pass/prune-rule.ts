import type { ChannelGroup, ChannelGroups } from '../channels/index.ts';
import type { Node } from '../ir/index.ts';
import { type Blas, type RemovalReader, type RemovalStops, removalOrder } from '../numerics/index.ts';

/** Where channels of a group are read, and what the data tell of it: one group of one linear operator. */
export interface GroupReader extends RemovalReader {
  readonly node: Node;
  /** E[x²] of each of its P inputs. */
  readonly energy: Float64Array;
  /** weight·E‖Wx − Ŵx‖² over rows that are in no moments; undefined where none were kept back. @param kernel Ŵ, [T, P] */
  readonly unseenLoss: ((kernel: Float64Array) => Promise<number>) | undefined;
}

/** What data tell of a group's channels, on the inputs that the original gives its readers. */
export interface PruneEvidence {
  /** Their `columns` go by the place of a unit in `group.units`. */
  readonly readers: readonly GroupReader[];
  readonly blas: Blas;
  readonly signal: AbortSignal;
}

/** Which units of a group should go. */
export interface PruneQuestion {
  readonly group: ChannelGroup;
  readonly groups: ChannelGroups;
  /** Places in `group.units` of those that can go. */
  readonly candidates: readonly number[];
  /** How many will go at most. */
  readonly most: number;
  /** Where what is left is looked at, to compare it with other ways to save: a less careful order will do. */
  readonly stops?: RemovalStops;
  /** Undefined without calibration. */
  readonly evidence: PruneEvidence | undefined;
}

export interface PruneOrder {
  /** Places in `group.units`, the one that should go first first; at least as many as can go and are wanted. */
  readonly places: readonly number[];
  /** losses[i]: Σ of the readers' outputErrors once places[0 … i] are gone and the readers are fitted anew, where known. */
  readonly losses?: readonly number[];
  /** Whether `stops` were told. */
  readonly stopped?: boolean;
}

/** Rounds in which units go that are only looked at. */
const draftRounds = 16;

/** What a prune pass with certain options does to each free group. The removal itself, and that it is exact, is not its business. */
export interface PruneRule {
  /** How many of a group's units go; undefined: those that go at no loss, and under a goal as many as that takes. */
  readonly count?: (units: number) => number;
  /** Whether evidence is gathered for it: never, where there are data, or else it is refused. */
  readonly data: 'none' | 'if-any' | 'needed';
  order(question: PruneQuestion): Promise<PruneOrder>;
}

/** Candidates by rising score; of equal ones the later go first. */
export function byScore({ candidates }: PruneQuestion, score: (place: number) => number): PruneOrder {
  const scores = new Map(candidates.map((place) => [place, score(place)]));
  const at = (place: number) => scores.get(place) as number;
  return { places: candidates.toSorted((a, b) => at(a) - at(b) || b - a) };
}

/** Weight norm × input energy (Sun et al. 2023, arXiv:2306.11695, eq. 1, squared and summed over whole filters). */
export function activationOrder(question: PruneQuestion): PruneOrder {
  const readers = question.evidence?.readers ?? [];
  const scores = readers.map(({ kernel, energy, columns, weight }) => {
    const P = energy.length;
    const power = new Float64Array(P);
    for (let at = 0; at < kernel.length; at++) power[at % P] = (power[at % P] as number) + (kernel[at] as number) ** 2;
    return (place: number) =>
      (columns[place] ?? []).reduce((sum, p) => sum + weight * (power[p] as number) * (energy[p] as number), 0);
  });
  return byScore(question, (place) => scores.reduce((sum, score) => sum + score(place), 0));
}

/** The loss of the best least-squares repair of all readers: see `removalOrder`. */
export async function surgeonOrder(question: PruneQuestion): Promise<PruneOrder> {
  const { candidates, most, stops, evidence } = question;
  if (!evidence) throw new Error('surgeonOrder: there are no data');
  const { readers, blas, signal } = evidence;
  const draft = stops ? { rounds: draftRounds, stops } : {};
  const { units, losses } = await removalOrder(readers, { blas, signal, candidates, most, ...draft });
  return { places: units, losses, stopped: stops !== undefined };
}
