import { elementCount } from '../numerics/index.ts';
import { type LinearOperator, sourcePositions } from '../pass/index.ts';

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
 * The operator by its definition, in float64: y[g, t, o…] = Σ_{s,k} W[g, t, s, k…] · x[g, s, i(o, k)…], zero outside, with
 * i(o, k) from sourcePositions.
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
  const taps = elementCount(operator.kernelShape);
  const inputPositions = elementCount(window.inputSizes);
  const outputPositions = elementCount(window.outputSizes);
  const sources = sourcePositions(operator, window.inputSizes, window.outputSizes);
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

function at(values: readonly number[], index: number): number {
  return values[index] as number;
}
