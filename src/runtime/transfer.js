/**
 * Tensors between the two processes, used on both sides. Small ones go through the IPC channel, which serializes them
 * and sends 64 KiB at a time; large ones through a file in a private folder, which lives for milliseconds. Round trips
 * measured, channel against file: 0.1 MB 1 / 1.4 ms, 1 MB 7–17 / 3.5–6.5 ms, 4 MB 19–40 / 10–13 ms, 64 MB 300–1500 /
 * 170–470 ms, 256 MB 2.2–4.3 / 1.2–2.8 s.
 */
import { closeSync, openSync, readSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes from which a tensor travels as a file. */
export const fileThreshold = 2 ** 20;

const chunk = 2 ** 30;
let files = 0;

/** @typedef {Exclude<import('./types.ts').RuntimeData, readonly string[]>} Numbers */

/** @type {Readonly<Record<string, new (buffer: ArrayBuffer, offset?: number, length?: number) => Numbers>>} */
const arrayTypes = {
  Float32Array,
  Float64Array,
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Uint32Array,
  BigUint64Array,
};

/**
 * @param {Readonly<Record<string, import('./types.ts').RuntimeTensor>>} tensors
 * @param {string} folder where large tensors are put
 * @returns {import('./protocol.ts').PackedTensors}
 */
export function packTensors(tensors, folder) {
  return mapValues(tensors, ({ dtype, dims, data }) => ({ dtype, dims, data: packData(data, folder) }));
}

/**
 * Reads the files and deletes them.
 * @param {import('./protocol.ts').PackedTensors} tensors
 * @returns {Readonly<Record<string, import('./types.ts').RuntimeTensor>>}
 */
export function unpackTensors(tensors) {
  return mapValues(tensors, ({ dtype, dims, data }) => ({ dtype, dims, data: 'file' in data ? readData(data) : data }));
}

/**
 * Writes bytes into a new file.
 * @param {Uint8Array} bytes any length: written in pieces, as one call stops at 2 GiB
 * @param {string} folder
 */
export function writeTransferFile(bytes, folder) {
  const path = join(folder, `${process.pid}-${files++}`);
  const file = openSync(path, 'wx', 0o600);
  try {
    writeAll(file, bytes);
  } finally {
    closeSync(file);
  }
  return path;
}

/**
 * Writes bytes to the beginning of an open file.
 * @param {number} file
 * @param {Uint8Array} bytes
 */
export function writeAll(file, bytes) {
  for (let at = 0; at < bytes.byteLength; )
    at += writeSync(file, bytes, at, Math.min(chunk, bytes.byteLength - at), at);
}

/**
 * Reads a file of known size, or its beginning.
 * @param {string} path
 * @param {Uint8Array} bytes to fill
 */
export function readInto(path, bytes) {
  const file = openSync(path, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, Math.min(chunk, bytes.length - at), null);
      if (count === 0) throw new RangeError(`${path} ended early`);
      at += count;
    }
  } finally {
    closeSync(file);
  }
}

/** @param {string} type */
export function arrayType(type) {
  const ArrayType = arrayTypes[type];
  if (!ArrayType) throw new TypeError(`no typed array is named ${type}`);
  return ArrayType;
}

/**
 * @param {import('./types.ts').RuntimeData} data
 * @param {string} folder
 * @param {number} [threshold] bytes from which it becomes a file
 * @returns {import('./types.ts').RuntimeData | import('./protocol.ts').DataFile}
 */
export function packData(data, folder, threshold = fileThreshold) {
  if (!ArrayBuffer.isView(data) || data.byteLength < threshold) return data;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { file: writeTransferFile(bytes, folder), type: data.constructor.name };
}

/**
 * Reads the file and deletes it.
 * @param {import('./protocol.ts').DataFile} place
 */
export function readData(place) {
  const data = copyData(place);
  unlinkSync(place.file);
  return data;
}

/** @param {import('./protocol.ts').DataFile} place */
export function copyData({ file, type }) {
  const bytes = new Uint8Array(statSync(file).size);
  readInto(file, bytes);
  return new (arrayType(type))(bytes.buffer);
}

/**
 * @template A, B
 * @param {Readonly<Record<string, A>>} record
 * @param {(value: A) => B} change
 * @returns {Record<string, B>}
 */
function mapValues(record, change) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
