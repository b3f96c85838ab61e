import { stat } from 'node:fs/promises';
import { diagnostics } from '../diagnostics.ts';
import type { DType } from '../ir/index.ts';
import { dtypeBits } from '../ir/index.ts';
import { fileBytes, unreadable } from './byte-source.ts';
import { elementsOf } from './elements.ts';
import type { NpyArray } from './npy.ts';
import type { SampleSource } from './samples.ts';

/** The first axis of an array counts samples. @throws unsupported-array (2) a scalar */
export function arraySamples(array: NpyArray, file: string): SampleSource {
  const [size, ...dims] = array.dims;
  if (size === undefined || dims.length === 0) {
    const message = `an array of shape [${array.dims.join(', ')}] has no axis of samples and one of values`;
    throw diagnostics.data('unsupported-array', message, { file: array.place });
  }
  async function* read(indices: readonly number[]) {
    let k = 0;
    for await (const data of array.samples(indices)) yield { data, dims, place: `${array.place}[${indices[k++]}]` };
  }
  return { size, read, filesOf: () => [file] };
}

/**
 * A file of bare little-endian elements: one sample, or several one after the other.
 *
 * @param dims of one sample, from the model's input
 * @throws input-shape-mismatch (2) the file is no whole number of samples
 */
export async function rawSamples(file: string, dtype: DType, dims: readonly number[]): Promise<SampleSource> {
  const { size: length } = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  const bytes = dims.reduce((product, dim) => product * dim, dtypeBits(dtype) / 8);
  if (length === 0 || length % bytes !== 0) {
    const message = `${length} bytes are no whole number of samples ${dtype}[${dims.join(', ')}] of ${bytes} bytes`;
    throw diagnostics.data('input-shape-mismatch', message, { file });
  }
  const source = fileBytes(file, 0, length);
  async function* read(indices: readonly number[]) {
    let k = 0;
    for await (const record of source.records(0, bytes, indices)) {
      yield { data: elementsOf(dtype, record), dims, place: `${file}[${indices[k++]}]` };
    }
  }
  return { size: length / bytes, read, filesOf: () => [file] };
}
