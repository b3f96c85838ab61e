import { diagnostics } from '../diagnostics.ts';
import { type DType, dtypeBits, Tensor } from '../ir/index.ts';
import type { SparseTensorProto } from '../wire/index.ts';
import { leftover } from './leftover.ts';
import type { ReadContext } from './read-context.ts';
import { readDims, readTensor } from './read-tensor.ts';

/** Bytes of a dense form that we are ready to make of a sparse tensor. */
const densestBytes = 2 ** 30;

/**
 * SparseTensorProto → Tensor of the dense shape, expanded only when read. What was read is in the extras, under `sparse`.
 *
 * @throws sparse-tensor-invalid (exit 3), and what {@link readTensor} throws for values and indices
 */
export function readSparseTensor(message: SparseTensorProto, context: ReadContext): Tensor {
  const name = message.values?.name ?? '';
  const dims = readDims(message.dims ?? [], name);
  const values = readTensor(message.values ?? {}, context);
  const indices = readTensor(message.indices ?? {}, context);
  for (const part of [values, indices]) {
    if (part.source.storage === 'external') throw invalid(name, 'lies in external data, which is not supported');
  }
  if (values.dims.length !== 1) throw invalid(name, 'has values that are no vector');
  const count = values.size;
  const linear = indices.dims.length === 1;
  const fits = indices.dims[0] === count && (linear || (indices.dims.length === 2 && indices.dims[1] === dims.length));
  if (indices.dtype !== 'int64' || !fits) throw invalid(name, `has indices that do not fit its ${count} values`);
  const bits = dtypeBits(values.dtype);
  if (bits < 8) throw invalid(name, `is of type ${values.dtype}`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const byteLength = (size * bits) / 8;
  const read = () => expand(values, indices, dims, byteLength, name);
  return new Tensor(values.dtype, dims, { byteLength, storage: 'typed', read }, { sparse: leftover(message, []) });
}

function expand(
  values: Tensor,
  indices: Tensor,
  dims: readonly number[],
  byteLength: number,
  name: string,
): Uint8Array {
  if (byteLength > densestBytes) {
    throw diagnostics.limitExceeded(`the sparse tensor takes ${byteLength} bytes when expanded`, { tensor: name });
  }
  const dense = new Uint8Array(byteLength);
  const width = bytesPerElement(values.dtype);
  const from = values.bytes();
  const positions = new BigInt64Array(new Uint8Array(indices.bytes()).buffer);
  const rank = indices.dims.length === 1 ? 1 : dims.length;
  for (let item = 0; item < values.size; item++) {
    const at = flatIndex(
      positions.subarray(item * rank, (item + 1) * rank),
      indices.dims.length === 1 ? undefined : dims,
    );
    if (at < 0n || at * BigInt(width) >= byteLength) throw invalid(name, `has an index outside its shape`);
    dense.set(from.subarray(item * width, (item + 1) * width), Number(at) * width);
  }
  return dense;
}

function flatIndex(position: BigInt64Array, dims: readonly number[] | undefined): bigint {
  if (!dims) return position[0] ?? -1n;
  return dims.reduce<bigint>((flat, dim, axis) => {
    const index = position[axis] ?? -1n;
    return flat < 0n || index < 0n || index >= BigInt(dim) ? -1n : flat * BigInt(dim) + index;
  }, 0n);
}

function bytesPerElement(dtype: DType): number {
  return dtypeBits(dtype) / 8;
}

function invalid(tensor: string, message: string) {
  return diagnostics.invalidModel('sparse-tensor-invalid', `the sparse tensor ${message}`, { tensor });
}
