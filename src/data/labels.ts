import { diagnostics } from '../diagnostics.ts';
import type { NpyArray } from './npy.ts';

/**
 * Class labels from an array [N] or [N, 1] of whole numbers, of any element type.
 *
 * @throws invalid-labels, label-count-mismatch (2)
 */
export async function readLabels(array: NpyArray, samples: number): Promise<Int32Array> {
  const [count = 0, ...rest] = array.dims;
  if (array.dims.length === 0 || rest.some((dim) => dim !== 1)) {
    const message = `labels have shape [${array.dims.join(', ')}], wanted [${samples}]`;
    throw diagnostics.data(
      'invalid-labels',
      message,
      { file: array.place },
      'one whole number per sample, not one-hot rows',
    );
  }
  if (count !== samples) {
    throw diagnostics.data('label-count-mismatch', `${count} labels for ${samples} samples`, { file: array.place });
  }
  const values = await array.values();
  return Int32Array.from({ length: count }, (_, sample) => {
    const value = Number(values[sample]);
    if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return value;
    throw diagnostics.data('invalid-labels', `label ${value} of sample ${sample} is not a class`, {
      file: array.place,
    });
  });
}
