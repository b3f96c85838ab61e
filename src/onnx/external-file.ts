import type { Tensor } from '../ir/index.ts';
import type { StagedFile, StringStringEntryProto } from '../wire/index.ts';

/** Tensors smaller than this stay in the model: an entry for them would be about as long. */
const smallestBytes = 1024;

/** Data starts at multiples of this, so that a runtime can map it. */
const alignment = 4096;

export function isWorthExternal(tensor: Tensor): boolean {
  return (
    tensor.dtype !== 'string' &&
    tensor.dtype !== 'undefined' &&
    tensor.source.byteLength >= smallestBytes &&
    !tensor.extras?.sparse
  );
}

/**
 * Writes tensors one after the other, one in memory at a time.
 *
 * @returns for each tensor the function from the file's name to its external_data entries
 */
export async function writeExternal(
  tensors: Iterable<Tensor>,
  file: StagedFile,
): Promise<Map<Tensor, (location: string) => StringStringEntryProto[]>> {
  const entries = new Map<Tensor, (location: string) => StringStringEntryProto[]>();
  for (const tensor of tensors) {
    const gap = (alignment - (file.position % alignment)) % alignment;
    if (gap > 0) await file.write([new Uint8Array(gap)]);
    const offset = file.position;
    // The entries outlive the loop; they must not hold on to the bytes.
    const length = tensor.source.byteLength;
    await file.write([tensor.bytes()]);
    entries.set(tensor, (location) => [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ]);
  }
  return entries;
}
