import { Float16Array } from '@petamoriken/float16';
import { elementCount, type HeldBackRows } from '../numerics/index.ts';
import { type LinearOperator, sourcePositions } from '../pass/index.ts';
import type { RuntimeTensor } from '../runtime/index.ts';
import { inputLayout, outputLayout } from './row-layout.ts';

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

/** What the rows of one operator are read from: one chunk of both models. */
export interface RowSource {
  /** The operator's input in the model under rewriting. */
  readonly input: RuntimeTensor;
  /** Its output in the original. */
  readonly output: RuntimeTensor;
  /** Which of its channels the operator still makes; all where this is undefined. */
  readonly keptOutputs: readonly number[] | undefined;
  /**
   * What the original's shortcut has more than the other's, added to the wanted output: the one has the dims of the output,
   * the other only the channels that are kept.
   */
  readonly residual: readonly [original: RuntimeTensor, rewritten: RuntimeTensor] | undefined;
}

/**
 * Copies rows into columns `column` … of a block. A Gemm's output is divided by its alpha, so that y = W·x + bias.
 *
 * @param rows numbers of output rows (positions of all samples of the chunk)
 */
export function copyRows(
  operator: LinearOperator,
  source: RowSource,
  rows: Int32Array,
  block: RowBlock,
  column: number,
): void {
  if (operator.kernelShape.length > 0) copyPatches(operator, source, rows, block, column);
  else copyInputs(operator, source.input, rows, block, column);
  const scale = 1 / operator.node.float('alpha', 1);
  const { output, keptOutputs, residual } = source;
  addOutputs(operator, { tensor: output, channels: keptOutputs, scale }, rows, block, column);
  if (!residual) return;
  addOutputs(operator, { tensor: residual[0], channels: keptOutputs, scale }, rows, block, column);
  addOutputs(operator, { tensor: residual[1], channels: undefined, scale: -scale }, rows, block, column);
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

function copyPatches(operator: LinearOperator, source: RowSource, rows: Int32Array, block: RowBlock, column: number) {
  const { groups, inputs } = operator;
  const data = realData(source.input);
  const table = sourcesOf(operator, source);
  const taps = elementCount(operator.kernelShape);
  const outputPositions = table.length / taps;
  const inputPositions = elementCount(source.input.dims.slice(2));
  const channels = groups * inputs;
  // Per tap and row the offset in channel 0 of the row's image; negative in the padding.
  const offsets = new Int32Array(taps * rows.length);
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r] as number;
    const image = Math.floor(row / outputPositions) * channels * inputPositions;
    const from = (row % outputPositions) * taps;
    for (let tap = 0; tap < taps; tap++) {
      const at = table[from + tap] as number;
      offsets[tap * rows.length + r] = at < 0 ? -1 : image + at;
    }
  }
  for (let channel = 0; channel < channels; channel++) {
    const into = block.x[Math.floor(channel / inputs)] as Float32Array;
    const to = (channel % inputs) * taps * block.capacity + column;
    gather(into, to, block.capacity, data, channel * inputPositions, offsets, rows.length);
  }
}

/** Rows of offsets, one per tap, into rows of the block. */
function gather(
  into: Float32Array,
  to: number,
  capacity: number,
  data: RealValues,
  base: number,
  offsets: Int32Array,
  count: number,
): void {
  let row = to;
  for (let from = 0; from < offsets.length; from += count, row += capacity) {
    for (let r = 0; r < count; r++) {
      const offset = offsets[from + r] as number;
      into[row + r] = offset < 0 ? 0 : (data[base + offset] as number);
    }
  }
}

const known = new WeakMap<LinearOperator, { readonly sizes: string; readonly sources: Int32Array }>();

/** The table of an operator is the same for every chunk of images of one size. */
function sourcesOf(operator: LinearOperator, { input, output }: RowSource): Int32Array {
  const [inputSizes, outputSizes] = [input.dims.slice(2), output.dims.slice(2)];
  const sizes = `${inputSizes} → ${outputSizes}`;
  const last = known.get(operator);
  if (last?.sizes === sizes) return last.sources;
  const sources = sourcePositions(operator, inputSizes, outputSizes);
  known.set(operator, { sizes, sources });
  return sources;
}

function copyInputs(
  operator: LinearOperator,
  tensor: RuntimeTensor,
  rows: Int32Array,
  block: RowBlock,
  column: number,
): void {
  const { offset, stride } = inputLayout(operator, tensor.dims);
  const data = realData(tensor);
  const into = block.x[0] as Float32Array;
  rows.forEach((row, r) => {
    const from = offset(row);
    for (let s = 0; s < operator.inputs; s++) into[s * block.capacity + column + r] = data[from + s * stride] as number;
  });
}

/** Outputs to add up: `channels` of a tensor, all where undefined. */
interface Summand {
  readonly tensor: RuntimeTensor;
  readonly channels: readonly number[] | undefined;
  readonly scale: number;
}

/** The columns of y += scale · outputs; columns start as zeros. */
function addOutputs(
  operator: LinearOperator,
  { tensor, channels, scale }: Summand,
  rows: Int32Array,
  block: RowBlock,
  column: number,
): void {
  const { offset, stride } = outputLayout(operator, tensor.dims);
  const data = realData(tensor);
  const { outputs } = operator;
  const starts = Int32Array.from(rows, offset);
  for (let channel = 0; channel < operator.groups * outputs; channel++) {
    const into = block.y[Math.floor(channel / outputs)] as Float32Array;
    const to = (channel % outputs) * block.capacity + column;
    const from = (channels?.[channel] ?? channel) * stride;
    for (let r = 0; r < starts.length; r++)
      into[to + r] = (into[to + r] as number) + scale * (data[(starts[r] as number) + from] as number);
  }
}

type RealValues = Float32Array | Float64Array;

function realData({ dtype, data }: RuntimeTensor): RealValues {
  if (dtype === 'float16' && data instanceof Uint16Array)
    return Float32Array.from(new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length));
  if (data instanceof Float32Array || data instanceof Float64Array) return data;
  throw new Error(`realData: activations of type ${dtype}`);
}
