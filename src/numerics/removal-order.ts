import type { Blas } from './blas.ts';
import { blockedCholesky, blockedInverse } from './blocked-cholesky.ts';
import { cholesky, solveLower } from './cholesky.ts';
import { sumOfSquares } from './frobenius-norm.ts';
import { Scratch } from './scratch.ts';
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

/**
 * (H Wᵀ) of the columns that are left, [P, P + T]: both change by the same product, and as H is symmetric, rows are all that
 * is ever read of it.
 */
class ReaderState {
  readonly #stack: Float64Array;
  readonly #P: number;
  readonly #T: number;
  readonly #weight: number;
  /** Of each unit that is left. */
  readonly #columns: readonly (readonly number[])[];
  readonly #costs = new Map<number, number>();
  readonly #blas: Blas;
  readonly #scratch = new Scratch();

  private constructor(
    stack: Float64Array,
    P: number,
    columns: readonly (readonly number[])[],
    weight: number,
    blas: Blas,
  ) {
    this.#stack = stack;
    this.#P = P;
    this.#T = P > 0 ? stack.length / P - P : 0;
    this.#columns = columns;
    this.#weight = weight;
    this.#blas = blas;
  }

  static async open({ kernel, gram, columns, weight }: RemovalReader, blas: Blas): Promise<ReaderState> {
    const P = Math.round(Math.sqrt(gram.length));
    const T = kernel.length / P;
    const inverse = await blockedInverse(await blockedCholesky(gram, P, blas), blas);
    return new ReaderState(beside(inverse, transpose(kernel, T, P), P), P, columns, weight, blas);
  }

  /** What is left of it, [T, P]. */
  get kernel(): Float64Array {
    const all = Array.from({ length: this.#P }, (_, p) => p);
    return transpose(this.#part(all, this.#P, this.#T), this.#P, this.#T);
  }

  /** What it costs to remove one unit now. */
  cost(unit: number): number {
    const known = this.#costs.get(unit);
    if (known !== undefined) return known;
    const columns = this.#columnsOf(unit);
    const factor = cholesky(this.#block(columns), columns.length);
    const weights = this.#part(columns, this.#P, this.#T);
    const cost = this.#weight * sumOfSquares(solveLower(factor, weights, this.#T));
    this.#costs.set(unit, cost);
    return cost;
  }

  /** The same for some units alone: everything that their removal changes for each other. */
  restricted(units: readonly number[]): ReaderState {
    const all = units.flatMap((unit) => this.#columnsOf(unit));
    const stack = beside(this.#block(all), this.#part(all, this.#P, this.#T), all.length);
    const place = new Map(all.map((column, at) => [column, at]));
    const columns: number[][] = [];
    for (const unit of units) columns[unit] = this.#columnsOf(unit).map((column) => place.get(column) as number);
    return new ReaderState(stack, all.length, columns, this.#weight, this.#blas);
  }

  async remove(units: readonly number[]): Promise<void> {
    const columns = units.flatMap((unit) => this.#columnsOf(unit));
    const k = columns.length;
    if (k === 0) return;
    const [P, n] = [this.#P, this.#P + this.#T];
    const factor = await blockedCholesky(this.#block(columns), k, this.#blas);
    const inverse = await blockedInverse(factor, this.#blas);
    const rows = this.#part(columns, 0, n);
    const repair = await this.#blas.gemm64({ m: k, n, k, a: inverse, b: rows });
    const across = this.#part(columns, 0, P);
    const stack = this.#stack;
    const room = this.#scratch.take('change', stack.length, 'float64');
    const change = await this.#blas.gemm64({ m: P, n, k, a: across, b: repair, transA: true }, room);
    for (let i = 0; i < stack.length; i++) stack[i] = (stack[i] as number) - (change[i] as number);
    this.#costs.clear();
  }

  #columnsOf(unit: number): readonly number[] {
    return this.#columns[unit] ?? [];
  }

  /** H_UU. */
  #block(columns: readonly number[]): Float64Array {
    const block = new Float64Array(columns.length ** 2);
    let at = 0;
    for (const row of columns) {
      const from = row * (this.#P + this.#T);
      for (const column of columns) block[at++] = this.#stack[from + column] as number;
    }
    return block;
  }

  /** Some rows of the stack, `width` numbers each, [rows, width]. */
  #part(rows: readonly number[], from: number, width: number): Float64Array {
    const found = new Float64Array(rows.length * width);
    for (const [i, row] of rows.entries()) {
      const start = row * (this.#P + this.#T) + from;
      found.set(this.#stack.subarray(start, start + width), i * width);
    }
    return found;
  }
}

/** (A B) of two matrices with the same number of rows. */
function beside(a: Float64Array, b: Float64Array, rows: number): Float64Array {
  const result = new Float64Array(a.length + b.length);
  const [left, right] = rows > 0 ? [a.length / rows, b.length / rows] : [0, 0];
  for (let row = 0; row < rows; row++) {
    result.set(a.subarray(row * left, (row + 1) * left), row * (left + right));
    result.set(b.subarray(row * right, (row + 1) * right), row * (left + right) + left);
  }
  return result;
}
