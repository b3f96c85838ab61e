import type { LinearOperator } from '../pass/index.ts';
import { product } from './row-layout.ts';

/** Which input positions the patch of each output position is read from. */
export interface PatchSources {
  readonly inputPositions: number;
  readonly outputPositions: number;
  readonly taps: number;
  /** int32[outputPositions, taps]: the input position that a tap reads, -1 in the padding. */
  readonly table: Int32Array;
}

/**
 * A Conv reads o·stride − pad + k·dilation; a ConvTranspose the i with i·stride = o + pad − k·dilation, where there is one.
 */
export function patchSources(
  operator: LinearOperator,
  inputSizes: readonly number[],
  outputSizes: readonly number[],
): PatchSources {
  const { kernelShape } = operator;
  const [taps, outputPositions] = [product(kernelShape), product(outputSizes)];
  const table = new Int32Array(outputPositions * taps);
  let block = outputPositions;
  let inner = taps;
  for (const [axis, size] of kernelShape.entries()) {
    const [length, limit] = [outputSizes[axis] as number, inputSizes[axis] as number];
    block /= length;
    inner /= size;
    for (let entry = 0; entry < table.length; entry++) {
      const before = table[entry] as number;
      if (before < 0) continue;
      const output = Math.floor(Math.floor(entry / taps) / block) % length;
      const source = sourceAlong(operator, axis, output, Math.floor((entry % taps) / inner) % size);
      table[entry] = source < 0 || source >= limit ? -1 : before * limit + source;
    }
  }
  return { inputPositions: product(inputSizes), outputPositions, taps, table };
}

function sourceAlong(operator: LinearOperator, axis: number, output: number, tap: number): number {
  const stride = operator.strides[axis] as number;
  const dilation = operator.dilations[axis] as number;
  const pad = operator.padsBegin[axis] as number;
  if (operator.opType === 'Conv') return output * stride - pad + tap * dilation;
  const scaled = output + pad - tap * dilation;
  return scaled % stride === 0 ? scaled / stride : -1;
}
