import type { LeafShape, Span } from './leaf-shape.ts';

// Held here because looking up a global is slow inside a vm context, such as a test's: 0.7 µs each.
const { ceil, floor, max, min } = Math;

/** Adds the colour of the pixel at column x, row y of the fine grid to three sums from `at` on. */
export type Brush = (x: number, y: number, sums: Float32Array, at: number) => void;

/**
 * A picture that is painted from the front: a leaf covers what no earlier leaf has covered, so that no pixel is painted
 * twice and one can stop when none is left. Leaves are painted on a grid `fineness` times finer in both directions, and
 * the averages are the pixels, which makes edges smooth.
 */
export class LeafCanvas {
  /** Of the fine grid. */
  readonly height: number;
  readonly width: number;
  /** Pixels of the fine grid that nothing covers yet. */
  uncovered: number;
  readonly #fineness: number;
  readonly #columns: number;
  /** Sums over fine pixels: float32[height, width, 3] of the coarse grid. */
  readonly #sums: Float32Array;
  /** For each fine pixel the next one in its row that may be uncovered, itself where it is; a row ends with a sentinel. */
  readonly #next: Int32Array;

  constructor(height: number, width: number, fineness: number) {
    this.height = height * fineness;
    this.width = width * fineness;
    this.uncovered = this.height * this.width;
    this.#fineness = fineness;
    this.#columns = width;
    this.#sums = new Float32Array(height * width * 3);
    this.#next = new Int32Array(this.height * (this.width + 1));
    for (let k = 0; k < this.#next.length; k++) this.#next[k] = k;
  }

  /** @param x,y where the origin of the shape lies on the fine grid */
  paint(shape: LeafShape, x: number, y: number, brush: Brush): void {
    const span: Span = { low: 0, high: 0 };
    const last = min(this.height - 1, floor(y + shape.reach));
    for (let row = max(0, ceil(y - shape.reach)); row <= last; row++) {
      shape.span(row - y, span);
      this.#paintRow(row, max(0, ceil(x + span.low)), min(this.width - 1, floor(x + span.high)), brush);
    }
  }

  /** Everything that is left. */
  fill(brush: Brush): void {
    for (let row = 0; row < this.height; row++) this.#paintRow(row, 0, this.width - 1, brush);
  }

  /** The averages, once: float32[height, width, 3] of the coarse grid. */
  picture(): Float32Array {
    const share = 1 / (this.#fineness * this.#fineness);
    for (let k = 0; k < this.#sums.length; k++) this.#sums[k] = (this.#sums[k] ?? 0) * share;
    return this.#sums;
  }

  #paintRow(row: number, from: number, to: number, brush: Brush): void {
    if (from > to) return;
    const start = row * (this.width + 1);
    const coarseStart = floor(row / this.#fineness) * this.#columns;
    for (let k = this.#find(start + from); k <= start + to; k = this.#find(k + 1)) {
      this.#next[k] = k + 1;
      this.uncovered--;
      const x = k - start;
      brush(x, row, this.#sums, (coarseStart + ((x / this.#fineness) | 0)) * 3);
    }
  }

  /** The first uncovered pixel from `k` on, or the sentinel; paths are halved on the way (union-find). */
  #find(k: number): number {
    let at = k;
    for (;;) {
      const after = this.#next[at] ?? at;
      if (after === at) return at;
      const beyond = this.#next[after] ?? after;
      this.#next[at] = beyond;
      at = beyond;
    }
  }
}
