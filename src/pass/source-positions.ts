import { elementCount } from '../numerics/index.ts';
import type { LinearOperator } from './linear-operator.ts';

/**
 * Which input positions the patch of each output position is read from: o·stride − pad + k·dilation for Conv, the i with
 * i·stride = o + pad − k·dilation for ConvTranspose, where there is one. For a matrix, positions are rows.
 *
 * @returns int32[outputs, taps], row-major positions; -1 in the padding
 */
export function sourcePositions(
  operator: LinearOperator,
  inputSizes: readonly number[],
  outputSizes: readonly number[],
): Int32Array {
  const { kernelShape } = operator;
  if (kernelShape.length === 0) return Int32Array.from({ length: elementCount(outputSizes) }, (_, row) => row);
  const taps = elementCount(kernelShape);
  let block = elementCount(outputSizes);
  let inner = taps;
  const sources = new Int32Array(block * taps);
  for (const [axis, size] of kernelShape.entries()) {
    const [length, limit] = [outputSizes[axis] as number, inputSizes[axis] as number];
    block /= length;
    inner /= size;
    for (let entry = 0; entry < sources.length; entry++) {
      const before = sources[entry] as number;
      if (before < 0) continue;
      const output = Math.floor(Math.floor(entry / taps) / block) % length;
      const source = sourceAlong(operator, axis, output, Math.floor((entry % taps) / inner) % size);
      sources[entry] = source < 0 || source >= limit ? -1 : before * limit + source;
    }
  }
  return sources;
}

function sourceAlong(operator: LinearOperator, axis: number, output: number, tap: number): number {
  const stride = operator.strides[axis] as number;
  const dilation = operator.dilations[axis] as number;
  const pad = operator.padsBegin[axis] as number;
  if (operator.opType === 'Conv') return output * stride - pad + tap * dilation;
  const scaled = output + pad - tap * dilation;
  return scaled % stride === 0 ? scaled / stride : -1;
}
