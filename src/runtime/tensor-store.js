/**
 * Tensors that stay in the child between requests: what one session returns is fed to another, and only the elements that
 * somebody reads travel. Beyond the room in memory they wait in files of the child's folder.
 */
import { openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fromOrtTensor, toOrtTensor } from './ort-tensor.js';
import { copyData, packData, readData, writeAll } from './transfer.js';

/** @typedef {import('./ort-tensor.js').Ort} Ort */
/** @typedef {import('./ort-tensor.js').Tensor} Tensor */
/** @typedef {{ dtype: import('../ir/index.ts').DType, dims: readonly number[] }} Type */
/** @typedef {{ tensor: Tensor, bytes: number } | Type & { place: import('./protocol.ts').DataFile }} Kept */

export class TensorStore {
  #ort;
  #folder;
  #room;
  /** @type {Map<number, Kept>} */
  #kept = new Map();
  #held = 0;
  /** @type {{ path: string, file: number } | undefined} */
  #mailbox;
  #scratch = new ArrayBuffer(0);

  /**
   * @param {Ort} ort
   * @param {import('./protocol.ts').ChildSettings} settings
   */
  constructor(ort, { folder, room }) {
    this.#ort = ort;
    this.#folder = folder;
    this.#room = room;
  }

  /**
   * @param {number} id
   * @param {Tensor} tensor
   * @returns {import('./protocol.ts').KeptPort}
   */
  keep(id, tensor) {
    const { dtype, dims, data } = fromOrtTensor(tensor);
    const bytes = ArrayBuffer.isView(data) ? data.byteLength : 0;
    const place = this.#held + bytes > this.#room ? packData(data, this.#folder, 1) : data;
    if ('file' in place) this.#kept.set(id, { dtype, dims, place });
    else {
      this.#kept.set(id, { tensor, bytes });
      this.#held += bytes;
    }
    return { id, dtype, dims };
  }

  /** @param {number} id @returns {Tensor} */
  tensor(id) {
    const kept = this.#known(id);
    if ('tensor' in kept) return kept.tensor;
    return toOrtTensor(this.#ort, { dtype: kept.dtype, dims: kept.dims, data: copyData(kept.place) });
  }

  /**
   * Elements rows[i] + columns[j] of a tensor, written into a file that each answer overwrites: pages that are there
   * already take a fifth of the time that new ones take.
   * @param {number} id
   * @param {import('./types.ts').Places} places
   * @returns {import('./protocol.ts').Letter}
   */
  gather(id, { rows, columns }) {
    const { data } = fromOrtTensor(this.tensor(id));
    if (!ArrayBuffer.isView(data)) throw new TypeError('only numbers can be gathered');
    const from = /** @type {Float32Array} */ (data);
    const bytes = rows.length * columns.length * from.BYTES_PER_ELEMENT;
    if (this.#scratch.byteLength < bytes) this.#scratch = new ArrayBuffer(bytes);
    const ArrayType = /** @type {Float32ArrayConstructor} */ (from.constructor);
    gatherElements(from, { rows, columns }, new ArrayType(this.#scratch, 0, rows.length * columns.length));
    this.#mailbox ??= openMailbox(join(this.#folder, 'gathered'));
    writeAll(this.#mailbox.file, new Uint8Array(this.#scratch, 0, bytes));
    return { path: this.#mailbox.path, bytes, type: ArrayType.name };
  }

  /** @param {readonly number[]} ids */
  drop(ids) {
    for (const id of ids) {
      const kept = this.#kept.get(id);
      if (kept && 'place' in kept) unlinkSync(kept.place.file);
      else if (kept) this.#held -= kept.bytes;
      this.#kept.delete(id);
    }
  }

  /** All that is kept, for another child; whoever adopts it deletes the files. */
  handOver() {
    return [...this.#kept].map(([id, kept]) => {
      if ('place' in kept) return { id, tensor: { dtype: kept.dtype, dims: kept.dims, data: kept.place } };
      const { dtype, dims, data } = fromOrtTensor(kept.tensor);
      return { id, tensor: { dtype, dims, data: packData(data, this.#folder) } };
    });
  }

  /** @param {number} id @param {import('./protocol.ts').PackedTensor} tensor */
  adopt(id, { dtype, dims, data }) {
    return this.keep(id, toOrtTensor(this.#ort, { dtype, dims, data: 'file' in data ? readData(data) : data }));
  }

  /** @param {number} id */
  #known(id) {
    const kept = this.#kept.get(id);
    if (!kept) throw new Error(`tensor ${id} is not kept`);
    return kept;
  }
}

/**
 * into[i, j] = from[rows[i] + columns[j]].
 * @template {{ readonly length: number, [index: number]: number | bigint }} Numbers
 * @param {Numbers} from
 * @param {import('./types.ts').Places} places
 * @param {Numbers} into
 */
export function gatherElements(from, { rows, columns }, into) {
  const width = columns.length;
  for (let i = 0; i < rows.length; i++) {
    const base = /** @type {number} */ (rows[i]);
    const to = i * width;
    for (let j = 0; j < width; j++)
      into[to + j] = /** @type {number | bigint} */ (from[base + /** @type {number} */ (columns[j])]);
  }
}

/** @param {string} path */
function openMailbox(path) {
  return { path, file: openSync(path, 'wx', 0o600) };
}
