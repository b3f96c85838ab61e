import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInflateRaw } from 'node:zlib';
import { diagnostics } from '../diagnostics.ts';

/** The bytes of one array, wherever they lie: a stretch of a file, a deflated archive entry, memory. */
export interface ByteSource {
  /** For messages: the file, and the entry where it is an archive. */
  readonly place: string;
  /** Bytes in all. */
  readonly length: number;
  head(bytes: number): Promise<Uint8Array>;
  /**
   * Fixed-size records, each in memory of its own.
   *
   * @param offset first byte of record 0
   * @param indices of the wanted records, ascending
   * @throws unreadable-data (7)
   */
  records(offset: number, bytes: number, indices: Iterable<number>): AsyncIterable<Uint8Array>;
}

export function unreadable(place: string, cause: unknown) {
  return diagnostics.io(
    'unreadable-data',
    `cannot read the data: ${messageOf(cause)}`,
    { file: place },
    undefined,
    cause,
  );
}

/** A stretch of a file, read record by record where it lies. */
export function fileBytes(path: string, start: number, length: number, place = path): ByteSource {
  async function* records(offset: number, bytes: number, indices: Iterable<number>) {
    const handle = await open(path).catch((cause: unknown) => {
      throw unreadable(place, cause);
    });
    try {
      for (const index of indices) {
        const record = new Uint8Array(bytes);
        const { bytesRead } = await handle.read(record, 0, bytes, start + offset + index * bytes);
        if (bytesRead < bytes) throw unreadable(place, new Error(`it ends within sample ${index}`));
        yield record;
      }
    } finally {
      await handle.close();
    }
  }
  return { place, length, records, head: (bytes) => first(records(0, Math.min(bytes, length), [0])) };
}

/** A deflated stretch of a file, inflated as it is read; never more than a chunk and a record in memory. */
export function inflatedBytes(
  path: string,
  start: number,
  compressed: number,
  length: number,
  place: string,
): ByteSource {
  async function* records(offset: number, bytes: number, indices: Iterable<number>) {
    const file = createReadStream(path, { start, end: start + compressed - 1 });
    const inflate = createInflateRaw();
    file.on('error', (cause) => inflate.destroy(cause));
    try {
      yield* cutRecords(file.pipe(inflate), offset, bytes, indices);
    } catch (cause) {
      throw unreadable(place, cause);
    } finally {
      file.destroy();
      inflate.destroy();
    }
  }
  return { place, length, records, head: (bytes) => first(records(0, Math.min(bytes, length), [0])) };
}

/** Bytes already in memory. */
export function memoryBytes(data: Uint8Array, place: string): ByteSource {
  async function* records(offset: number, bytes: number, indices: Iterable<number>) {
    for (const index of indices)
      yield new Uint8Array(data.subarray(offset + index * bytes, offset + (index + 1) * bytes));
  }
  return { place, length: data.length, records, head: async (bytes) => new Uint8Array(data.subarray(0, bytes)) };
}

/** Cuts the wanted records out of a stream that only goes forward. */
async function* cutRecords(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
  bytes: number,
  indices: Iterable<number>,
): AsyncIterable<Uint8Array> {
  const wanted = indices[Symbol.iterator]();
  let next = wanted.next();
  let record = new Uint8Array(bytes);
  let position = 0;
  for await (const chunk of chunks) {
    while (!next.done) {
      const begin = offset + next.value * bytes;
      const from = Math.max(begin, position);
      const to = Math.min(begin + bytes, position + chunk.length);
      if (from < to) record.set(chunk.subarray(from - position, to - position), from - begin);
      if (begin + bytes > position + chunk.length) break;
      yield record;
      record = new Uint8Array(bytes);
      next = wanted.next();
    }
    if (next.done) return;
    position += chunk.length;
  }
  if (!next.done) throw new Error(`it ends within sample ${next.value}`);
}

async function first(records: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const record of records) return record;
  return new Uint8Array(0);
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
