import type { LinearOperator } from '../pass/index.ts';

/** Sizes of one isolated application of an operator: small, yet every border, stride and dilation takes part. */
export interface Window {
  readonly inputSizes: readonly number[];
  readonly outputSizes: readonly number[];
}

const matrixRows = 3;

/** The smallest input on which a kernel meets both borders and moves at least twice. Rows for Gemm and MatMul. */
export function probeWindow(operator: LinearOperator): Window {
  if (operator.kernelShape.length === 0) return { inputSizes: [matrixRows], outputSizes: [matrixRows] };
  const span = (axis: number) => at(operator.dilations, axis) * (at(operator.kernelShape, axis) - 1) + 1;
  const pads = (axis: number) => at(operator.padsBegin, axis) + at(operator.padsEnd, axis);
  const axes = operator.kernelShape.map((_, axis) => axis);
  if (operator.opType === 'ConvTranspose') {
    const inputSizes = axes.map((axis) => 4 + Math.ceil(pads(axis) / at(operator.strides, axis)));
    const outputSizes = axes.map(
      (axis) =>
        at(operator.strides, axis) * (at(inputSizes, axis) - 1) +
        at(operator.outputPadding, axis) +
        span(axis) -
        pads(axis),
    );
    return { inputSizes, outputSizes };
  }
  const inputSizes = axes.map((axis) => span(axis) + 2 * at(operator.strides, axis));
  const outputSizes = axes.map(
    (axis) => Math.floor((at(inputSizes, axis) + pads(axis) - span(axis)) / at(operator.strides, axis)) + 1,
  );
  return { inputSizes, outputSizes };
}

/**
 * The operator by its definition, in float64: y[g, t, o…] = Σ_{s,k} W[g, t, s, k…] · x[g, s, i(o, k)…], zero outside.
 * i = o·stride − pad + k·dilation for Conv, and the i with i·stride = o + pad − k·dilation for ConvTranspose. For a
 * matrix, positions are rows.
 *
 * @param kernel float64[groups, channels, inputs, ...kernelShape], any number of output channels
 * @param x float64[groups, inputs, ...inputSizes]
 * @returns float64[groups, channels, ...outputSizes]
 */
export function applyKernel(
  operator: LinearOperator,
  kernel: Float64Array,
  channels: number,
  x: Float64Array,
  window: Window,
): Float64Array {
  const { groups, inputs } = operator;
  const taps = product(operator.kernelShape);
  const inputPositions = product(window.inputSizes);
  const outputPositions = product(window.outputSizes);
  const sources = sourcePositions(operator, window);
  const y = new Float64Array(groups * channels * outputPositions);
  for (let g = 0; g < groups; g++) {
    for (let t = 0; t < channels; t++) {
      for (let o = 0; o < outputPositions; o++) {
        let sum = 0;
        for (let k = 0; k < taps; k++) {
          const source = sources[o * taps + k] as number;
          if (source < 0) continue;
          for (let s = 0; s < inputs; s++) {
            const weight = kernel[((g * channels + t) * inputs + s) * taps + k] as number;
            sum += weight * (x[(g * inputs + s) * inputPositions + source] as number);
          }
        }
        y[(g * channels + t) * outputPositions + o] = sum;
      }
    }
  }
  return y;
}

/** For each output position and kernel tap the input position it reads; -1 in the padding. int32[outputs, taps]. */
function sourcePositions(operator: LinearOperator, { inputSizes, outputSizes }: Window): Int32Array {
  if (operator.kernelShape.length === 0) return Int32Array.from({ length: product(outputSizes) }, (_, row) => row);
  const taps = product(operator.kernelShape);
  const outputs = product(outputSizes);
  const sources = new Int32Array(outputs * taps);
  for (let o = 0; o < outputs; o++) {
    const output = coordinates(o, outputSizes);
    for (let k = 0; k < taps; k++) {
      const tap = coordinates(k, operator.kernelShape);
      sources[o * taps + k] = flatten(
        output.map((position, axis) => sourceAlong(operator, axis, position, at(tap, axis))),
        inputSizes,
      );
    }
  }
  return sources;
}

function sourceAlong(operator: LinearOperator, axis: number, output: number, tap: number): number {
  const [stride, dilation, pad] = [
    at(operator.strides, axis),
    at(operator.dilations, axis),
    at(operator.padsBegin, axis),
  ];
  if (operator.opType === 'Conv') return output * stride - pad + tap * dilation;
  const scaled = output + pad - tap * dilation;
  return scaled % stride === 0 ? scaled / stride : -1;
}

function coordinates(position: number, sizes: readonly number[]): readonly number[] {
  const result = new Array<number>(sizes.length);
  let rest = position;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    result[axis] = rest % at(sizes, axis);
    rest = Math.floor(rest / at(sizes, axis));
  }
  return result;
}

/** Row-major position, -1 outside. */
function flatten(coordinate: readonly number[], sizes: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < sizes.length; axis++) {
    const value = at(coordinate, axis);
    if (value < 0 || value >= at(sizes, axis)) return -1;
    position = position * at(sizes, axis) + value;
  }
  return position;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
