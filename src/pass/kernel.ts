import { type Tensor, toReals } from '../ir/index.ts';
import type { RealArray, RealNdArray } from '../numerics/index.ts';
import { kernelDims } from './decomposition.ts';
import { constantTensor, type LinearOperator } from './linear-operator.ts';
import { type Skip, skip } from './skip.ts';

/**
 * The weight as kernel W[g, t, s, k1 … kd]. float32 weights in a Conv's own order are not copied.
 *
 * @returns Skip `non-finite` or `zero-weight` when there is nothing to factorize
 */
export function readKernel(operator: LinearOperator): RealNdArray | Skip {
  const tensor = constantTensor(operator.weight) as Tensor;
  const data = toKernelOrder(operator, toReals(tensor));
  const fault = firstFault(data);
  if (fault === 'non-finite')
    return skip(operator.node, 'non-finite', `${operator.weight.name} holds NaN or infinite numbers`);
  if (fault === 'zero') return skip(operator.node, 'zero-weight', `${operator.weight.name} is all zeros`);
  return { data, dims: kernelDims(operator) };
}

function firstFault(data: RealArray): 'non-finite' | 'zero' | undefined {
  let zero = true;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) return 'non-finite';
    if (value !== 0) zero = false;
  }
  return zero ? 'zero' : undefined;
}

/** Weight order → kernel order: swaps the two channel axes of ConvTranspose and of column-major matrices. */
export function toKernelOrder(operator: LinearOperator, data: RealArray): RealArray {
  return operator.weightLayout === 'conv' || operator.weightLayout === 'rows'
    ? data
    : swapChannels(operator, data, operator.inputs, operator.outputs);
}

/** Kernel order → weight order: the inverse of {@link toKernelOrder}. */
export function toWeightOrder(operator: LinearOperator, data: RealArray): RealArray {
  return operator.weightLayout === 'conv' || operator.weightLayout === 'rows'
    ? data
    : swapChannels(operator, data, operator.outputs, operator.inputs);
}

/** [g, a, b, k] → [g, b, a, k]. */
function swapChannels(operator: LinearOperator, data: RealArray, a: number, b: number): RealArray {
  const inner = operator.kernelShape.reduce((product, size) => product * size, 1);
  const swapped = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let g = 0; g < operator.groups; g++) {
    for (let i = 0; i < a; i++) {
      for (let j = 0; j < b; j++) {
        const from = ((g * a + i) * b + j) * inner;
        const to = ((g * b + j) * a + i) * inner;
        for (let k = 0; k < inner; k++) swapped[to + k] = data[from + k] as number;
      }
    }
  }
  return swapped;
}
