import { dtypeBits, memorySource, Tensor } from '../ir/index.ts';

/**
 * The elements at `kept` along each axis given, whatever their type.
 *
 * @param kept positions by axis; axes that are not listed stay whole
 */
export function cutTensor(tensor: Tensor, kept: ReadonlyMap<number, readonly number[]>): Tensor {
  let { dims } = tensor;
  let bytes = tensor.bytes();
  for (const [axis, positions] of kept) {
    bytes = cutAxis(bytes, dims, axis, positions, dtypeBits(tensor.dtype) / 8);
    dims = dims.with(axis, positions.length);
  }
  return new Tensor(tensor.dtype, dims, memorySource(bytes));
}

function cutAxis(
  bytes: Uint8Array,
  dims: readonly number[],
  axis: number,
  positions: readonly number[],
  size: number,
): Uint8Array {
  const product = (sizes: readonly number[]) => sizes.reduce((all, dim) => all * dim, 1);
  const inner = product(dims.slice(axis + 1)) * size;
  const outer = product(dims.slice(0, axis));
  const row = (dims[axis] ?? 1) * inner;
  const cut = new Uint8Array(outer * positions.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (const position of positions) {
      const start = o * row + position * inner;
      cut.set(bytes.subarray(start, start + inner), at);
      at += inner;
    }
  return cut;
}
