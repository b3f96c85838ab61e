import type { RealArray } from './blas.ts';
import type { RealNdArray } from './nd-array.ts';
import { elementCount } from './nd-array.ts';

/** Side of the square tiles in which two axes are exchanged: both sides of a tile stay in the first-level cache. */
const TILE = 32;

/**
 * Axes of `array` in a new order: axis j of the result is axis `order[j]` of the source. Returns the source's own data,
 * not a copy, when the order changes nothing in memory.
 */
export function permuteAxes<A extends RealNdArray>(array: A, order: readonly number[]): A {
  const dims = order.map((axis) => array.dims[axis]!);
  const moved = order.filter((axis) => array.dims[axis] !== 1);
  if (moved.every((axis, j) => j === 0 || moved[j - 1]! < axis)) return { ...array, dims };
  const length = elementCount(dims);
  const data = array.data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  copyPermuted(array.data, mergeAxes(array.dims, order), data);
  return { ...array, data, dims };
}

interface Loop {
  readonly size: number;
  /** Elements between neighbours along this loop, in the source. */
  readonly stride: number;
}

/** Loops of the result, outermost first. Axes that are neighbours on both sides become one, axes of size 1 vanish. */
function mergeAxes(dims: readonly number[], order: readonly number[]): Loop[] {
  const strides = new Array<number>(dims.length);
  for (let axis = dims.length - 1, stride = 1; axis >= 0; stride *= dims[axis]!, axis--) strides[axis] = stride;
  const loops: Loop[] = [];
  for (const axis of order) {
    const [size, stride] = [dims[axis]!, strides[axis]!];
    if (size === 1) continue;
    const outer = loops.at(-1);
    if (outer && outer.stride === stride * size) loops[loops.length - 1] = { size: outer.size * size, stride };
    else loops.push({ size, stride });
  }
  return loops;
}

function copyPermuted(source: RealArray, loops: readonly Loop[], target: RealArray): void {
  const targetStrides = new Array<number>(loops.length);
  for (let j = loops.length - 1, stride = 1; j >= 0; stride *= loops[j]!.size, j--) targetStrides[j] = stride;
  const rowAxis = loops.findIndex((loop) => loop.stride === 1);
  const last = loops.length - 1;
  const outer = loops.map((_, j) => j).filter((j) => j !== rowAxis && j !== last);
  forEachOffset(outer, loops, targetStrides, (from, to) => {
    if (rowAxis === last) target.set(source.subarray(from, from + loops[last]!.size), to);
    else transpose(source, from, loops[last]!, target, to, loops[rowAxis]!.size, targetStrides[rowAxis]!);
  });
}

function forEachOffset(
  axes: readonly number[],
  loops: readonly Loop[],
  targetStrides: readonly number[],
  visit: (from: number, to: number) => void,
): void {
  const walk = (depth: number, from: number, to: number): void => {
    const axis = axes[depth];
    if (axis === undefined) {
      visit(from, to);
      return;
    }
    const { size, stride } = loops[axis]!;
    for (let i = 0; i < size; i++) walk(depth + 1, from + i * stride, to + i * targetStrides[axis]!);
  };
  walk(0, 0, 0);
}

/** target[to + r·targetStride + c] = source[from + r + c·column.stride] for r < rows, c < column.size, in tiles. */
function transpose(
  source: RealArray,
  from: number,
  column: Loop,
  target: RealArray,
  to: number,
  rows: number,
  targetStride: number,
): void {
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(r0 + TILE, rows);
    for (let c0 = 0; c0 < column.size; c0 += TILE) {
      const c1 = Math.min(c0 + TILE, column.size);
      for (let r = r0; r < r1; r++) {
        const row = to + r * targetStride;
        for (let c = c0; c < c1; c++) target[row + c] = source[from + r + c * column.stride]!;
      }
    }
  }
}
