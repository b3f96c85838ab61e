import type { Blas } from './blas.ts';
import { blockedCholesky, blockedInverse } from './blocked-cholesky.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { transpose } from './transpose.ts';

/** One group of a linear operator that reads channels of which some are to go. */
export interface RemovalReader {
  /** The map as it is wanted, [T, P]. */
  readonly kernel: Float64Array;
  /** Gλ, the metric of its inputs, [P, P], positive definite. */
  readonly gram: Float32Array | Float64Array;
  /** Which of the P columns each unit takes; none for units that it does not read. */
  readonly columns: readonly (readonly number[])[];
  /** What an error of one counts in the sum. */
  readonly weight: number;
}

export interface RemovalOptions {
  readonly blas: Blas;
  /** Units that may go, at most `most` of them; all by default. */
  readonly candidates?: readonly number[];
  readonly most?: number;
  /** Removes these, in this order, in place of the cheapest. */
  readonly given?: readonly number[];
  /** Units go in so many rounds at most; by default one by one where readers are small, and in 48 rounds. */
  readonly rounds?: number;
  readonly stops?: RemovalStops;
  readonly signal?: AbortSignal;
}

/** Where to look at what is left. */
export interface RemovalStops {
  /** Numbers of units gone, ascending. */
  readonly at: readonly number[];
  /**
   * @param kernels what the readers then are, float64[T, P] each: zero where columns went
   * @param losses the part of each reader in the loss
   */
  see(count: number, kernels: readonly Float64Array[], losses: readonly number[]): Promise<void>;
}

export interface RemovalOrder {
  /** The unit that goes first first. */
  readonly units: readonly number[];
  /** losses[i]: Σ weight·E‖y − Ŵx‖² over the readers once units[0 … i] are gone and the rest is fitted anew. */
  readonly losses: readonly number[];
}

/** Readers with more columns than this lose several units between two updates of their inverses. */
const exactColumns = 640;

/** Parts in which the units of a large reader go. */
const roundsOfLarge = 48;

/** So many times the units that go in a round are looked at. */
const shortlisted = 4;

/**
 * Structured optimal brain surgeon (Hassibi & Stork 1993, for blocks of columns): with H = Gλ⁻¹ of the columns that are
 * left, removing the columns U costs tr(W_U (H_UU)⁻¹ W_Uᵀ), and the best repair of what is left is
 *
 *   W ← W − W_U (H_UU)⁻¹ H_U:        H ← H − H_:U (H_UU)⁻¹ H_U:
 *
 * Units go one by one, the cheapest over all readers first. Readers of many columns are updated in rounds, by one product;
 * inside a round the choice is made among the cheapest units of its start, for which everything is known exactly.
 */
export async function removalOrder(
  readers: readonly RemovalReader[],
  { blas, candidates, most, given, rounds, stops, signal }: RemovalOptions,
): Promise<RemovalOrder> {
  const units: number[] = [];
  const losses: number[] = [];
  let shares = readers.map(() => 0);
  const open = new Set(given ?? candidates ?? readers[0]?.columns.keys() ?? []);
  const count = Math.min(most ?? open.size, open.size);
  const states = await Promise.all(readers.map((reader) => ReaderState.open(reader, blas)));
  const isLarge = readers.some(({ gram }) => gram.length > exactColumns ** 2);
  const perRound = Math.ceil(open.size / (rounds ?? (isLarge ? roundsOfLarge : open.size)));
  while (units.length < count) {
    signal?.throwIfAborted();
    const stop = stops?.at.find((at) => at > units.length) ?? count;
    const going = Math.min(perRound, Math.min(stop, count) - units.length);
    const looked = given
      ? given.slice(units.length, units.length + going)
      : cheapest(open, states, going > 1 ? shortlisted * going : 1);
    const chosen: number[] = [];
    const locals = states.map((state) => state.restricted(looked));
    while (chosen.length < going) {
      const left = looked.filter((unit) => open.has(unit));
      const scores = left.map((unit) => sum(locals, (local) => local.cost(unit)));
      const at = given ? 0 : scores.indexOf(Math.min(...scores));
      const unit = left[at];
      if (unit === undefined) break;
      chosen.push(unit);
      open.delete(unit);
      units.push(unit);
      losses.push((losses.at(-1) ?? 0) + (scores[at] as number));
      shares = shares.map((share, r) => share + (locals[r] as ReaderState).cost(unit));
      if (chosen.length < going) for (const local of locals) await local.remove([unit]);
    }
    const stopped = stops?.at.includes(units.length) ?? false;
    if (units.length < count || stopped) for (const state of states) await state.remove(chosen);
    if (stopped)
      await stops?.see(
        units.length,
        states.map((state) => state.kernel),
        shares,
      );
  }
  return { units, losses };
}

/** In the order of their costs; of equal ones the later first. */
function cheapest(open: ReadonlySet<number>, states: readonly ReaderState[], count: number): readonly number[] {
  const scored = [...open].map((unit) => ({ unit, cost: sum(states, (state) => state.cost(unit)) }));
  scored.sort((a, b) => a.cost - b.cost || b.unit - a.unit);
  return scored.slice(0, count).map(({ unit }) => unit);
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** H over W of the columns that are left, [P + T, P]: both change by the same product. */
class ReaderState {
  readonly #stack: Float64Array;
  readonly #P: number;
  readonly #T: number;
  readonly #weight: number;
  /** Of each unit that is left. */
  readonly #columns: readonly (readonly number[])[];
  readonly #costs = new Map<number, number>();
  readonly #blas: Blas;

  private constructor(
    stack: Float64Array,
    P: number,
    columns: readonly (readonly number[])[],
    weight: number,
    blas: Blas,
  ) {
    this.#stack = stack;
    this.#P = P;
    this.#T = stack.length / P - P;
    this.#columns = columns;
    this.#weight = weight;
    this.#blas = blas;
  }

  static async open({ kernel, gram, columns, weight }: RemovalReader, blas: Blas): Promise<ReaderState> {
    const P = Math.round(Math.sqrt(gram.length));
    const inverse = await blockedInverse(await blockedCholesky(gram, P, blas), blas);
    const stack = new Float64Array(inverse.length + kernel.length);
    stack.set(inverse);
    stack.set(kernel, inverse.length);
    return new ReaderState(stack, P, columns, weight, blas);
  }

  /** What is left of it, [T, P]. */
  get kernel(): Float64Array {
    return this.#stack.slice(this.#P ** 2);
  }

  /** What it costs to remove one unit now. */
  cost(unit: number): number {
    const known = this.#costs.get(unit);
    if (known !== undefined) return known;
    const columns = this.#columnsOf(unit);
    const k = columns.length;
    const factor = cholesky(this.#block(columns), k);
    const weights = transpose(this.#rows(this.#P, this.#T, columns), this.#T, k);
    const cost = this.#weight * sumOfSquares(solveLower(factor, weights, this.#T));
    this.#costs.set(unit, cost);
    return cost;
  }

  /** The same for some units alone: everything that their removal changes for each other. */
  restricted(units: readonly number[]): ReaderState {
    const all = units.flatMap((unit) => this.#columnsOf(unit));
    const stack = new Float64Array((all.length + this.#T) * all.length);
    stack.set(this.#block(all));
    stack.set(this.#rows(this.#P, this.#T, all), all.length ** 2);
    const place = new Map(all.map((column, at) => [column, at]));
    const columns: number[][] = [];
    for (const unit of units) columns[unit] = this.#columnsOf(unit).map((column) => place.get(column) as number);
    return new ReaderState(stack, all.length, columns, this.#weight, this.#blas);
  }

  async remove(units: readonly number[]): Promise<void> {
    const columns = units.flatMap((unit) => this.#columnsOf(unit));
    const k = columns.length;
    if (k === 0) return;
    const [P, m] = [this.#P, this.#P + this.#T];
    const across = this.#rows(0, m, columns);
    const factor = await blockedCholesky(this.#block(columns), k, this.#blas);
    const inverse = await blockedInverse(factor, this.#blas);
    const rows = this.#stackRows(columns);
    const repair = await this.#blas.gemm64({ m: k, n: P, k, a: inverse, b: rows });
    const change = await this.#blas.gemm64({ m, n: P, k, a: across, b: repair });
    const stack = this.#stack;
    for (let i = 0; i < stack.length; i++) stack[i] = (stack[i] as number) - (change[i] as number);
    this.#costs.clear();
  }

  #columnsOf(unit: number): readonly number[] {
    return this.#columns[unit] ?? [];
  }

  /** H_UU. */
  #block(columns: readonly number[]): Float64Array {
    const block = new Float64Array(columns.length ** 2);
    for (const [i, row] of columns.entries())
      for (const [j, column] of columns.entries())
        block[i * columns.length + j] = this.#stack[row * this.#P + column] as number;
    return block;
  }

  /** H_U:, [k, P]. */
  #stackRows(rows: readonly number[]): Float64Array {
    const found = new Float64Array(rows.length * this.#P);
    for (const [i, row] of rows.entries())
      found.set(this.#stack.subarray(row * this.#P, (row + 1) * this.#P), i * this.#P);
    return found;
  }

  /** Some columns of `count` rows of the stack, [count, k]. */
  #rows(from: number, count: number, columns: readonly number[]): Float64Array {
    const found = new Float64Array(count * columns.length);
    for (let r = 0, at = 0; r < count; r++)
      for (const column of columns) found[at++] = this.#stack[(from + r) * this.#P + column] as number;
    return found;
  }
}
