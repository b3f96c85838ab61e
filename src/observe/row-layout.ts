import { elementCount } from '../numerics/index.ts';
import type { LinearOperator } from '../pass/index.ts';

/** Where the rows of a linear map lie in a tensor: each row is a vector of channels. */
export interface RowLayout {
  /** Rows in the tensor; those of one sample follow each other. */
  readonly rows: number;
  /** From one channel of a row to the next. */
  readonly stride: number;
  /** Offset of channel 0 of a row. */
  offset(row: number): number;
}

/** Rows of an operator's output: positions of a convolution, [N, C, positions…], rows or columns of a product. */
export function outputLayout(operator: LinearOperator, dims: readonly number[]): RowLayout {
  if (operator.kernelShape.length > 0) return channelsSecond(dims);
  return isLeftProduct(operator) ? channelsFirst(dims) : channelsLast(dims);
}

/** Which axis of an operator's output its channels are. */
function channelAxis(operator: LinearOperator, dims: readonly number[]): number {
  if (operator.kernelShape.length > 0) return 1;
  return isLeftProduct(operator) ? Math.max(0, dims.length - 2) : dims.length - 1;
}

/** Dims of an operator's output without the channels that are gone; `kept` undefined where all are there. */
export function keptDims(
  operator: LinearOperator,
  dims: readonly number[],
  kept: readonly number[] | undefined,
): readonly number[] {
  return kept ? dims.with(channelAxis(operator, dims), kept.length) : dims;
}

/** Rows of the input of a Gemm or MatMul. */
export function inputLayout(operator: LinearOperator, dims: readonly number[]): RowLayout {
  const transposed = operator.opType === 'Gemm' && operator.node.int('transA', 0) !== 0;
  return isLeftProduct(operator) || transposed ? channelsFirst(dims) : channelsLast(dims);
}

/** MatMul(W, x): the columns of x are mapped. */
function isLeftProduct({ opType, weightLayout }: LinearOperator): boolean {
  return opType === 'MatMul' && weightLayout === 'rows';
}

function channelsSecond([batch = 1, channels = 1, ...sizes]: readonly number[]): RowLayout {
  const positions = elementCount(sizes);
  return { rows: batch * positions, stride: positions, offset: inMatrices(channels, positions) };
}

/** [..., channels]; a vector is one row. */
function channelsLast(dims: readonly number[]): RowLayout {
  const channels = dims.at(-1) ?? 1;
  return { rows: elementCount(dims.slice(0, -1)), stride: 1, offset: (row) => row * channels };
}

/** [..., channels, columns]; a vector is one column. */
function channelsFirst(dims: readonly number[]): RowLayout {
  if (dims.length === 1) return channelsLast(dims);
  const [channels = 1, columns = 1] = dims.slice(-2);
  return { rows: elementCount(dims.slice(0, -2)) * columns, stride: columns, offset: inMatrices(channels, columns) };
}

/** Column `row` of a stack of matrices [channels, columns]. */
function inMatrices(channels: number, columns: number): RowLayout['offset'] {
  return (row) => Math.floor(row / columns) * channels * columns + (row % columns);
}
