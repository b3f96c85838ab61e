import { elementCount } from '../numerics/index.ts';
import { type LinearOperator, sourcePositions } from '../pass/index.ts';
import type { Places } from '../runtime/index.ts';
import { inputLayout, keptDims, outputLayout } from './row-layout.ts';

/** Where the rows of one operator lie in tensors of one chunk. */
export interface RowPlaces {
  /** Rows. */
  readonly count: number;
  /** What the rows need of the input, [channels, columns]: each position once. */
  readonly input: Places;
  /** Undefined where column r is row r. */
  readonly patches: Patches | undefined;
  /** [channels, rows] of a tensor that has what the operator still makes. */
  readonly output: Places;
  /** The same channels in a tensor of the original. */
  readonly wanted: Places;
}

export interface Patches {
  /** int32[taps, rows], which of the columns each tap of a row's patch reads; any in the padding. */
  readonly columns: Int32Array;
  /** Where in `columns` padding is. */
  readonly padding: Int32Array;
}

export interface RowSource {
  /** The operator's input in the model under rewriting. */
  readonly inputDims: readonly number[];
  /** Its output in the original. */
  readonly outputDims: readonly number[];
  /** Which of its channels the operator still makes; all where this is undefined. */
  readonly keptOutputs: readonly number[] | undefined;
}

/** @param rows numbers of output rows (positions of all samples of the chunk) */
export function placesOf(operator: LinearOperator, source: RowSource, rows: Int32Array): RowPlaces {
  const { inputDims, outputDims, keptOutputs } = source;
  const channels = operator.groups * operator.outputs;
  const wanted = outputLayout(operator, outputDims);
  const left = outputLayout(operator, keptDims(operator, outputDims, keptOutputs));
  return {
    count: rows.length,
    ...inputPlaces(operator, inputDims, outputDims, rows),
    output: { rows: multiples(channels, left.stride), columns: Int32Array.from(rows, left.offset) },
    wanted: {
      rows: multiples(channels, wanted.stride, keptOutputs),
      columns: Int32Array.from(rows, wanted.offset),
    },
  };
}

function inputPlaces(
  operator: LinearOperator,
  inputDims: readonly number[],
  outputDims: readonly number[],
  rows: Int32Array,
): Pick<RowPlaces, 'input' | 'patches'> {
  if (operator.kernelShape.length > 0) return patchPlaces(operator, inputDims, outputDims, rows);
  const { offset, stride } = inputLayout(operator, inputDims);
  return {
    input: { rows: multiples(operator.inputs, stride), columns: Int32Array.from(rows, offset) },
    patches: undefined,
  };
}

function patchPlaces(
  operator: LinearOperator,
  inputDims: readonly number[],
  outputDims: readonly number[],
  rows: Int32Array,
): Pick<RowPlaces, 'input' | 'patches'> {
  const sources = sourcesOf(operator, inputDims.slice(2), outputDims.slice(2));
  const kernelSize = elementCount(operator.kernelShape);
  const outputPositions = elementCount(outputDims.slice(2));
  const inputPositions = elementCount(inputDims.slice(2));
  const channels = operator.groups * operator.inputs;
  const taps = new Int32Array(kernelSize * rows.length);
  const columnOf = new Int32Array((inputDims[0] ?? 0) * inputPositions).fill(-1);
  const columns: number[] = [];
  const padding: number[] = [];
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r] as number;
    const image = Math.floor(row / outputPositions);
    const from = (row % outputPositions) * kernelSize;
    for (let tap = 0; tap < kernelSize; tap++) {
      const source = sources[from + tap] as number;
      const position = image * inputPositions + source;
      const at = tap * rows.length + r;
      if (source < 0) {
        padding.push(at);
        continue;
      }
      if ((columnOf[position] as number) < 0)
        columnOf[position] = columns.push(image * channels * inputPositions + source) - 1;
      taps[at] = columnOf[position] as number;
    }
  }
  const isInOrder = kernelSize === 1 && padding.length === 0 && taps.every((column, at) => column === at);
  return {
    input: { rows: multiples(channels, inputPositions), columns: Int32Array.from(columns) },
    patches: isInOrder ? undefined : { columns: taps, padding: Int32Array.from(padding) },
  };
}

const known = new WeakMap<LinearOperator, { readonly sizes: string; readonly sources: Int32Array }>();

/** The table of an operator is the same for every chunk of images of one size. */
function sourcesOf(
  operator: LinearOperator,
  inputSizes: readonly number[],
  outputSizes: readonly number[],
): Int32Array {
  const sizes = `${inputSizes} → ${outputSizes}`;
  const last = known.get(operator);
  if (last?.sizes === sizes) return last.sources;
  const sources = sourcePositions(operator, inputSizes, outputSizes);
  known.set(operator, { sizes, sources });
  return sources;
}

/** Offsets of channels: all, or those listed. */
function multiples(count: number, stride: number, channels?: readonly number[]): Int32Array {
  return Int32Array.from({ length: count }, (_, at) => (channels?.[at] ?? at) * stride);
}
