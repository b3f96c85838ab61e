import {
  addGram,
  type Blas,
  elementCount,
  type GroupMoments,
  type RealArray,
  sumOfSquares,
  transpose,
} from '../numerics/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import { copyRows, type ReadRows, type RowBlock, rowBlock } from './row-block.ts';

/** Most rows of one block: products run at full speed, and a block of P = 4608 takes 75 MB. */
const blockRows = 4096;

/** Blocks have a multiple of so many rows, for rows of the products to begin where vectors do. */
const alignedRows = 16;

/**
 * First and second moments of an operator's rows, a block of rows at a time. Rows are counted from the mean of the first
 * block, so that nothing is lost to a large mean; products of a block are float32, sums over blocks float64. How rows
 * fall into blocks depends on their number alone.
 */
export class MomentAccumulator {
  readonly #operator: LinearOperator;
  readonly #block: RowBlock;
  readonly #blas: Blas;
  readonly #groups: readonly GroupSums[];
  #used = 0;
  #rows = 0;

  constructor(operator: LinearOperator, rows: number, blas: Blas) {
    this.#operator = operator;
    this.#blas = blas;
    this.#block = rowBlock(operator, evenBlocks(rows));
    const P = operator.inputs * elementCount(operator.kernelShape);
    this.#groups = this.#block.x.map((x, g) => new GroupSums(x, this.#block.y[g] as Float32Array, P, operator.outputs));
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows + this.#used;
  }

  /** The first rows of those that were read. */
  async add(rows: ReadRows, count: number): Promise<void> {
    for (let from = 0; from < count; ) {
      const fitting = Math.min(count - from, this.#block.capacity - this.#used);
      copyRows(this.#operator, rows, { from, count: fitting }, this.#block, this.#used);
      this.#used += fitting;
      from += fitting;
      if (this.#used === this.#block.capacity) await this.#flush();
    }
  }

  async finish(): Promise<readonly GroupMoments[]> {
    if (this.#used > 0) await this.#flush();
    return this.#groups.map((group) => group.moments(this.#rows));
  }

  async #flush(): Promise<void> {
    for (const group of this.#groups) await group.add(this.#used, this.#block.capacity, this.#blas);
    this.#rows += this.#used;
    this.#used = 0;
  }
}

/** Rows of each of as few blocks as possible, of which none is mostly zeros. */
function evenBlocks(rows: number): number {
  const each = rows / Math.max(1, Math.ceil(rows / blockRows));
  return Math.max(1, Math.min(rows, alignedRows * Math.ceil(each / alignedRows)));
}

class GroupSums {
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #P: number;
  readonly #T: number;
  readonly #gram: Float64Array;
  readonly #cross: Float64Array;
  readonly #squaresY: Float64Array;
  readonly #sumX: Float64Array;
  readonly #sumY: Float64Array;
  #originX: Float64Array | undefined;
  #originY: Float64Array | undefined;

  constructor(x: Float32Array, y: Float32Array, P: number, T: number) {
    this.#x = x;
    this.#y = y;
    this.#P = P;
    this.#T = T;
    this.#gram = new Float64Array(P * P);
    this.#cross = new Float64Array(T * P);
    this.#squaresY = new Float64Array(T);
    this.#sumX = new Float64Array(P);
    this.#sumY = new Float64Array(T);
  }

  async add(used: number, capacity: number, blas: Blas): Promise<void> {
    const [x, y, P, T] = [this.#x, this.#y, this.#P, this.#T];
    this.#originX ??= means(x, P, used, capacity);
    this.#originY ??= means(y, T, used, capacity);
    subtract(x, this.#originX, this.#sumX, used, capacity);
    subtract(y, this.#originY, this.#sumY, used, capacity);
    addSquares(y, this.#squaresY, used, capacity);
    await addGram(this.#gram, { data: x, rows: P, columns: capacity }, blas, 'float32');
    // The longer side first: threads share out its rows.
    const [a, b, m, n] = P >= T ? [x, y, P, T] : [y, x, T, P];
    const cross = await blas.gemm32({ m, n, k: capacity, a, b, transB: true });
    addTo(this.#cross, P >= T ? transpose(cross, P, T) : cross);
    x.fill(0);
    y.fill(0);
  }

  moments(rows: number): GroupMoments {
    const P = this.#P;
    const shiftX = this.#sumX.map((sum) => sum / rows);
    const shiftY = this.#sumY.map((sum) => sum / rows);
    return {
      meanX: shiftX.map((shift, p) => shift + (this.#originX?.[p] ?? 0)),
      meanY: shiftY.map((shift, t) => shift + (this.#originY?.[t] ?? 0)),
      gram: centred(new Float32Array(P * P), this.#gram, shiftX, shiftX, rows),
      cross: centred(new Float64Array(shiftY.length * P), this.#cross, shiftY, shiftX, rows),
      varianceY: this.#squaresY.map((sum, t) => Math.max(0, sum / rows - (shiftY[t] as number) ** 2)),
    };
  }
}

/** Means over the used columns. @param data float32[rows, capacity] */
function means(data: Float32Array, rows: number, used: number, capacity: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => sum(rowOf(data, row, used, capacity)) / used);
}

/** sums/rows − a·bᵀ, written into an array of either precision. */
function centred<Result extends Float32Array | Float64Array>(
  into: Result,
  sums: Float64Array,
  a: Float64Array,
  b: Float64Array,
  rows: number,
): Result {
  for (let i = 0, at = 0; i < a.length; i++) {
    const shift = a[i] as number;
    for (let j = 0; j < b.length; j++, at++) into[at] = (sums[at] as number) / rows - shift * (b[j] as number);
  }
  return into;
}

/** Moves the used columns by the origin, in place, and adds them to the sums. */
function subtract(data: Float32Array, origin: Float64Array, sums: Float64Array, used: number, capacity: number): void {
  for (let row = 0; row < origin.length; row++)
    sums[row] = (sums[row] as number) + shift(rowOf(data, row, used, capacity), origin[row] as number);
}

function addSquares(data: Float32Array, squares: Float64Array, used: number, capacity: number): void {
  for (let row = 0; row < squares.length; row++) {
    const values = rowOf(data, row, used, capacity);
    squares[row] = (squares[row] as number) + sumOfSquares(values);
  }
}

function rowOf(data: Float32Array, row: number, used: number, capacity: number): Float32Array {
  return data.subarray(row * capacity, row * capacity + used);
}

function sum(values: Float32Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i] as number;
  return total;
}

/** Subtracts the origin from values, in place. @returns their sum, made as two, so that additions need not wait */
function shift(values: Float32Array, origin: number): number {
  const even = values.length - (values.length % 2);
  let [a, b] = [0, 0];
  for (let i = 0; i < even; i += 2) {
    const left = Math.fround((values[i] as number) - origin);
    const right = Math.fround((values[i + 1] as number) - origin);
    values[i] = left;
    values[i + 1] = right;
    a += left;
    b += right;
  }
  for (let i = even; i < values.length; i++) {
    const last = Math.fround((values[i] as number) - origin);
    values[i] = last;
    a += last;
  }
  return a + b;
}

function addTo(sums: Float64Array, values: RealArray): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (values[i] as number);
}
