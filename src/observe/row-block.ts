import { Float16Array } from '@petamoriken/float16';
import { elementCount, type HeldBackRows } from '../numerics/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import type { RuntimeTensor } from '../runtime/index.ts';
import type { Patches, RowPlaces } from './row-places.ts';

/** Rows of inputs and wanted outputs of one operator, transposed: row r is column r. Unused columns are zeros. */
export interface RowBlock {
  readonly capacity: number;
  /** Per group float32[P, capacity]. */
  readonly x: readonly Float32Array[];
  /** Per group float32[T, capacity]. */
  readonly y: readonly Float32Array[];
}

export function rowBlock({ groups, inputs, outputs, kernelShape }: LinearOperator, capacity: number): RowBlock {
  const make = (length: number) => Array.from({ length: groups }, () => new Float32Array(length * capacity));
  return { capacity, x: make(inputs * elementCount(kernelShape)), y: make(outputs) };
}

/** Rows of one operator as they were read from one chunk of both models. */
export interface ReadRows {
  readonly places: RowPlaces;
  /** The operator's input in the model under rewriting, at the places. */
  readonly input: RuntimeNumbers;
  /** Its output in the original. */
  readonly output: RuntimeNumbers;
  /** What the original's shortcut has more than the other's, added to the wanted output. */
  readonly residual: readonly [original: RuntimeNumbers, rewritten: RuntimeNumbers] | undefined;
}

export interface RuntimeNumbers {
  readonly dtype: RuntimeTensor['dtype'];
  readonly data: RuntimeTensor['data'];
}

/**
 * Copies rows into columns `column` … of a block. A Gemm's output is divided by its alpha, so that y = W·x + bias.
 *
 * @param from number of the first row, of those that were read
 */
export function copyRows(
  operator: LinearOperator,
  { places, input, output, residual }: ReadRows,
  { from, count }: { readonly from: number; readonly count: number },
  block: RowBlock,
  column: number,
): void {
  const part = { from, count, all: places.count };
  copyInputs(operator, floats(realData(input)), places, part, block, column);
  const scale = 1 / operator.node.float('alpha', 1);
  addOutputs(operator, { data: realData(output), scale }, part, block, column);
  if (!residual) return;
  addOutputs(operator, { data: realData(residual[0]), scale }, part, block, column);
  addOutputs(operator, { data: realData(residual[1]), scale: -scale }, part, block, column);
}

/** The first rows of a block as rows, float32[rows, P] and float32[rows, T] per group. */
export function rowsOf({ x, y, capacity }: RowBlock, rows: number): HeldBackRows {
  const transposed = (columns: Float32Array) => {
    const width = columns.length / capacity;
    const result = new Float32Array(rows * width);
    for (let column = 0; column < width; column++) {
      const from = column * capacity;
      for (let row = 0; row < rows; row++) result[row * width + column] = columns[from + row] as number;
    }
    return result;
  };
  return { rows, x: x.map(transposed), y: y.map(transposed) };
}

interface Part {
  readonly from: number;
  readonly count: number;
  /** Rows that were read. */
  readonly all: number;
}

/** Copies bits: numbers that are only moved need not become doubles on the way. */
function copyInputs(
  { groups, inputs, kernelShape }: LinearOperator,
  data: Float32Array,
  { input, patches }: RowPlaces,
  { from, count, all }: Part,
  block: RowBlock,
  column: number,
): void {
  const taps = elementCount(kernelShape);
  const { capacity } = block;
  const width = input.columns.length;
  const source = bitsOf(data);
  const blocks = block.x.map(bitsOf);
  const zeros = patches ? paddingOf(patches, { from, count, all }, capacity) : new Int32Array();
  for (let channel = 0; channel < groups * inputs; channel++) {
    const into = blocks[Math.floor(channel / inputs)] as Int32Array;
    const base = channel * width;
    const first = (channel % inputs) * taps * capacity + column;
    if (!patches) {
      into.set(source.subarray(base + from, base + from + count), first);
      continue;
    }
    const { columns } = patches;
    for (let tap = from, to = first; tap < columns.length; tap += all, to += capacity)
      pick(source.subarray(base, base + width), columns.subarray(tap, tap + count), into.subarray(to, to + count));
    for (let i = 0; i < zeros.length; i++) into[first + (zeros[i] as number)] = 0;
  }
}

/** A function of its own, of arrays alone: what knows of nothing else is compiled once and stays so. */
function pick(source: Int32Array, columns: Int32Array, into: Int32Array): void {
  for (let i = 0; i < columns.length; i++) into[i] = source[columns[i] as number] as number;
}

/** Where padding comes to lie in the columns of one channel. */
function paddingOf({ padding }: Patches, { from, count, all }: Part, capacity: number): Int32Array {
  const places = padding.map((at) => {
    const row = (at % all) - from;
    return row >= 0 && row < count ? Math.floor(at / all) * capacity + row : -1;
  });
  return places.filter((place) => place >= 0);
}

function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

function floats(data: RealValues): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** y += scale · outputs; columns start as zeros. */
function addOutputs(
  { groups, outputs }: LinearOperator,
  { data, scale }: { readonly data: RealValues; readonly scale: number },
  { from, count, all }: Part,
  block: RowBlock,
  column: number,
): void {
  for (let channel = 0; channel < groups * outputs; channel++) {
    const into = block.y[Math.floor(channel / outputs)] as Float32Array;
    const to = (channel % outputs) * block.capacity + column;
    const base = channel * all + from;
    for (let r = 0; r < count; r++) into[to + r] = (into[to + r] as number) + scale * (data[base + r] as number);
  }
}

type RealValues = Float32Array | Float64Array;

function realData({ dtype, data }: RuntimeNumbers): RealValues {
  if (dtype === 'float16' && data instanceof Uint16Array)
    return Float32Array.from(new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length));
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  throw new Error(`realData: activations of type ${dtype}`);
}
