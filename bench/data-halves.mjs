/** Labelled images split in two, so that what a promise was made on is not what it is judged on. */
import { writeFileSync } from 'node:fs';
import { zipSync } from 'fflate';
import { dump } from 'npyjs';
import { openNpy } from '../dist/src/data/npy.js';
import { openNpz } from '../dist/src/data/npz.js';

/**
 * Writes the even-numbered and the odd-numbered samples of an .npz, images `x` and labels `y`, to files of their own.
 *
 * @param {string} file
 * @param {{ even: string, odd: string }} halves
 */
export async function writeHalves(file, halves) {
  const arrays = await openNpz(file);
  for (const [parity, path] of [halves.even, halves.odd].entries()) {
    /** @type {Record<string, Uint8Array>} */
    const entries = {};
    for (const [name, source] of arrays) {
      const array = await openNpy(source);
      const values = await array.values();
      const [count = 0, ...dims] = array.dims;
      const size = values.length / count;
      const half = Math.ceil((count - parity) / 2);
      const chosen = values.slice(0, half * size);
      for (let i = 0; i < half; i++) {
        const from = (2 * i + parity) * size;
        chosen.set(/** @type {any} */ (values.subarray(from, from + size)), i * size);
      }
      entries[`${name}.npy`] = new Uint8Array(dump(/** @type {any} */ (chosen), [half, ...dims]));
    }
    writeFileSync(path, zipSync(entries, { level: 0 }));
  }
}
