import { open } from 'node:fs/promises';
import { dtypeBits } from '../ir/index.ts';
import { fileBytes, unreadable } from './byte-source.ts';
import { elementsOf, type NumericArray } from './elements.ts';
import {
  parseSafetensorsHeader,
  type SafetensorsDType,
  type SafetensorsEntry,
  safetensorsBytes,
  safetensorsHeaderText,
} from './safetensors-header.ts';

// The npm packages for this format were looked at in November 2026: `safetensors` is a 0.0.1 without a reader of files,
// those of Hugging Face read headers over the network. None validates, none reads single tensors of a local file.

/** As in the format's reference implementation. */
const longestHeader = 100_000_000;
/** One read of Node takes less than 2 GiB. */
const largestTensor = 2 ** 31 - 1;

/** A file of named tensors (https://github.com/huggingface/safetensors): the header is read, tensors when asked for. */
export interface Safetensors {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /**
   * Elements of one tensor, row-major; float16 and bfloat16 as Float32Array.
   *
   * @throws unreadable-data (7) no such tensor, a file that changed, or more than 2 GiB
   */
  read(name: string): Promise<NumericArray>;
}

/**
 * Opens and checks a file. Nothing in it is trusted: lengths are compared with the file before memory is asked for.
 *
 * @throws unreadable-data (7) missing, cut short, malformed, or with overlaps or holes between tensors
 */
export async function openSafetensors(file: string): Promise<Safetensors> {
  const { text, start, length } = await readHeader(file);
  try {
    const { metadata, tensors } = parseSafetensorsHeader(text, length - start);
    return { file, metadata, tensors, read: (name) => readTensor(file, start, name, tensors.get(name)) };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

async function readHeader(file: string) {
  const handle = await open(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const { size } = await handle.stat();
    const prefix = Buffer.alloc(8);
    if ((await handle.read(prefix, 0, 8, 0)).bytesRead < 8) throw new Error('it is no safetensors file');
    const bytes = prefix.readBigUInt64LE();
    if (bytes > longestHeader) throw new Error(`it is no safetensors file: a header of ${bytes} bytes`);
    if (8 + Number(bytes) > size) throw new Error('it ends within its header');
    const header = Buffer.alloc(Number(bytes));
    await handle.read(header, 0, header.length, 8);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
    return { text, start: 8 + header.length, length: size };
  } catch (cause) {
    throw unreadable(file, cause);
  } finally {
    await handle.close();
  }
}

async function readTensor(file: string, start: number, name: string, entry: SafetensorsEntry | undefined) {
  if (!entry) throw unreadable(file, new Error(`it has no tensor "${name}"`));
  const { dtype, offset, byteLength } = entry;
  if (byteLength > largestTensor) throw unreadable(file, new Error(`"${name}" has more than 2 GiB`));
  const record = await fileBytes(file, start + offset, byteLength).head(byteLength);
  return elementsOf(dtype, record);
}

/** A tensor to be written. */
export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly dims: readonly number[];
  /** Its elements, little-endian and row-major; asked for when their turn to be written comes. */
  bytes(): Uint8Array;
}

/**
 * The pieces of a file, in order. The same tensors in any order give the same file: those with larger elements first, so
 * that each is aligned, then by name.
 *
 * @throws Error for names used twice and for bytes that are not dtype × dims
 */
export function* safetensorsPieces(
  tensors: Iterable<SafetensorsTensor>,
  metadata: ReadonlyMap<string, string>,
): Generator<Uint8Array> {
  const ordered = [...tensors].sort(
    (a, b) => dtypeBits(b.dtype) - dtypeBits(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  const entries = new Map<string, SafetensorsEntry>();
  let offset = 0;
  for (const { name, dtype, dims } of ordered) {
    if (entries.has(name) || name === '__metadata__') throw new Error(`safetensorsPieces: the name "${name}" is taken`);
    const byteLength = safetensorsBytes(dtype, dims);
    entries.set(name, { dtype, dims, offset, byteLength });
    offset += byteLength;
  }
  const header = Buffer.from(safetensorsHeaderText({ metadata, tensors: entries }));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  yield prefix;
  yield header;
  for (const { name, bytes } of ordered) {
    const piece = bytes();
    if (piece.byteLength !== entries.get(name)?.byteLength) {
      throw new Error(`safetensorsPieces: "${name}" has ${piece.byteLength} bytes`);
    }
    yield piece;
  }
}
