import { type Blas, type GemmOptions, plainBlas, type RealArray } from '../numerics/index.ts';
import type { GemmModel } from './gemm-model.ts';
import { GemmSessions } from './gemm-sessions.ts';

/**
 * Matrix products by ONNX Runtime's Gemm, in this process.
 *
 * Models of users run in a child (see openRuntime), for they may crash or hang it. Here only a fixed one-node graph of
 * our own runs, and sending operands of hundreds of megabytes through a pipe would double the memory and cost more
 * than the product. `run` of the binding blocks the event loop, so products wait in line; that is also what makes one
 * set of scratch arrays enough.
 *
 * The bits do not depend on the number of threads (GemmSessions), nor on the machine's load or on other calls: how a
 * product is cut into tiles follows from its sizes alone.
 *
 * Operands of the other precision are converted into scratch by TypedArray.set (1–1.5 ns an element, as fast as a
 * Cast in the graph, which would allocate anew each time), 32 MiB of each operand at a time.
 */

/** Products of m·n·k up to this run as loops: a call of ONNX Runtime takes 30–50 µs, the loops 8 µs for 16³. */
const smallProduct = 2 ** 14;

/** Bytes of a scratch array. */
const scratchBytes = 32 * 2 ** 20;

/** Longest stretch of k in a tile: leaves 512 rows of float64, enough to hide the conversion behind the product. */
const longestStretch = 2 ** 13;

/** @throws runtime-missing on the first product that is not small, when onnxruntime-node is not installed */
export function createBlas({ threads = 1 }: { readonly threads?: number } = {}): Blas {
  const sessions = new GemmSessions(threads);
  const wide = new TiledGemm<Float64Array>('float64', (length) => new Float64Array(length), sessions);
  const narrow = new TiledGemm<Float32Array>('float32', (length) => new Float32Array(length), sessions);
  let line: Promise<unknown> = Promise.resolve();

  function inLine<T>(task: () => Promise<T>): Promise<T> {
    const turn = line.then(task);
    line = turn.catch(() => {});
    return turn;
  }

  return {
    async gemm64(options, into) {
      return isSmall(options) ? plainBlas.gemm64(options) : inLine(() => wide.multiply(options, into));
    },
    async gemm32(options, into) {
      return isSmall(options) ? plainBlas.gemm32(options) : inLine(() => narrow.multiply(options, into));
    },
  };
}

function isSmall({ m, n, k }: GemmOptions): boolean {
  return m * n * k <= smallProduct;
}

/** Rows and columns of one operand as it is stored, row-major with `stride` numbers a row. */
interface Panel {
  readonly source: RealArray;
  readonly stride: number;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Products of one precision, cut into tiles where operands have to be converted. */
class TiledGemm<Result extends RealArray> {
  readonly #precision: GemmModel['precision'];
  readonly #create: (length: number) => Result;
  readonly #sessions: GemmSessions;
  readonly #scratch = new Map<'a' | 'b' | 'c', Result>();

  constructor(precision: GemmModel['precision'], create: (length: number) => Result, sessions: GemmSessions) {
    this.#precision = precision;
    this.#create = create;
    this.#sessions = sessions;
  }

  /** @returns [m, n] */
  async multiply(options: GemmOptions, into?: Result): Promise<Result> {
    const { m, n, k, a, b, transA = false, transB = false } = options;
    checkOperands(options);
    const tile = this.#tileOf(options);
    const result = into?.length === m * n ? into : this.#create(m * n);
    if (result === into && (tile.n < n || tile.k < k)) result.fill(0);
    for (let column = 0; column < n; column += tile.n) {
      const columns = Math.min(tile.n, n - column);
      for (let start = 0; start < k; start += tile.k) {
        const depth = Math.min(tile.k, k - start);
        const right = this.#panel('b', panelOf(b, transB, [k, n], [start, depth], [column, columns]));
        for (let row = 0; row < m; row += tile.m) {
          const rows = Math.min(tile.m, m - row);
          const left = this.#panel('a', panelOf(a, transA, [m, k], [row, rows], [start, depth]));
          const whole = columns === n && depth === k;
          const c = whole ? result.subarray(row * n, (row + rows) * n) : this.#take('c', rows * columns);
          await this.#sessions.run({
            precision: this.#precision,
            transA,
            transB,
            m: rows,
            n: columns,
            k: depth,
            a: left,
            b: right,
            c,
          });
          if (!whole) addTile(result, n, c, row, rows, column, columns);
        }
      }
    }
    return result;
  }

  /** Sizes of a tile: everything, when nothing is to be converted. */
  #tileOf({ m, n, k, a, b }: GemmOptions): { readonly m: number; readonly n: number; readonly k: number } {
    if (this.#isNative(a) && this.#isNative(b)) return { m, n, k };
    const room = scratchBytes / this.#create(0).BYTES_PER_ELEMENT;
    const depth = Math.min(k, longestStretch);
    const columns = Math.min(n, Math.floor(room / depth));
    return { k: depth, n: columns, m: Math.min(m, Math.floor(room / Math.max(depth, columns))) };
  }

  /** The panel as one array of this precision: a view of the source, or a copy in scratch. */
  #panel(name: 'a' | 'b', { source, stride, row, rows, column, columns }: Panel): RealArray {
    const together = columns === stride || rows === 1;
    const first = row * stride + column;
    if (together && this.#isNative(source)) return source.subarray(first, first + rows * columns);
    const copy = this.#take(name, rows * columns);
    if (together) copy.set(source.subarray(first, first + rows * columns));
    else
      for (let i = 0; i < rows; i++)
        copy.set(source.subarray(first + i * stride, first + i * stride + columns), i * columns);
    return copy;
  }

  #isNative(array: RealArray): boolean {
    return array instanceof Float32Array === (this.#precision === 'float32');
  }

  /** The first `length` numbers of a scratch array, which grows to what was needed so far. */
  #take(name: 'a' | 'b' | 'c', length: number): RealArray {
    let array = this.#scratch.get(name);
    if (!array || array.length < length) {
      array = this.#create(length);
      this.#scratch.set(name, array);
    }
    return array.subarray(0, length);
  }
}

function checkOperands({ m, n, k, a, b }: GemmOptions): void {
  if (a.length === m * k && b.length === k * n) return;
  throw new RangeError(`gemm: operands hold ${a.length} and ${b.length} numbers, expected ${m}×${k} and ${k}×${n}`);
}

type Range = readonly [start: number, length: number];

/** Rows × columns of op(X)[size0, size1] in X as stored. */
function panelOf(
  source: RealArray,
  transposed: boolean,
  size: readonly [number, number],
  rows: Range,
  columns: Range,
): Panel {
  const [outer, inner] = transposed ? [columns, rows] : [rows, columns];
  const stride = transposed ? size[0] : size[1];
  return { source, stride, row: outer[0], rows: outer[1], column: inner[0], columns: inner[1] };
}

/** Adds a tile to its place in the result, which begins as zeros. */
function addTile(
  result: RealArray,
  stride: number,
  tile: RealArray,
  row: number,
  rows: number,
  column: number,
  columns: number,
): void {
  for (let i = 0; i < rows; i++) {
    const to = (row + i) * stride + column;
    for (let j = 0; j < columns; j++) result[to + j] = (result[to + j] as number) + (tile[i * columns + j] as number);
  }
}
