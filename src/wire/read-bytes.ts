import { constants } from 'node:buffer';
import { diagnostics } from '../diagnostics.ts';
import { type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
import { ioFailure } from './io-failure.ts';

const pieceBytes = 256 * 2 ** 20;

/**
 * A whole file. Node's readFile ends at 2 GiB; this one ends where a Buffer does.
 *
 * @throws cannot-read (exit 7); limit-exceeded for what no Buffer can hold
 */
export async function readBytes(path: string, system: FileSystem = nodeFileSystem): Promise<Uint8Array> {
  try {
    const file = await system.open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > constants.MAX_LENGTH) throw diagnostics.limitExceeded(`the file has ${size} bytes`, { file: path });
      return await readAll(file, Number(size));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioFailure('read', path, cause);
  }
}

/** Reads to the end, wherever `stat` said that it would be: a pipe has no size, a file may grow or shrink. */
async function readAll(file: OpenFile, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let position = 0;
  while (position < size) {
    const { bytesRead } = await file.read(bytes, position, Math.min(pieceBytes, size - position), null);
    if (bytesRead === 0) return bytes.subarray(0, position);
    position += bytesRead;
  }
  const more = Buffer.allocUnsafe(65_536);
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { bytesRead } = await file.read(more, 0, more.byteLength, null);
    if (bytesRead === 0) break;
    pieces.push(Uint8Array.prototype.slice.call(more, 0, bytesRead));
  }
  return pieces.length === 0 ? bytes : Buffer.concat([bytes, ...pieces]);
}
