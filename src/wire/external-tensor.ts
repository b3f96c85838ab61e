import { diagnostics } from '../diagnostics.ts';
import type { FileStatus, FileSystem } from './file-system.ts';
import { ioFailure } from './io-failure.ts';

/** An open descriptor and what it opened. */
export interface Opened {
  readonly descriptor: number;
  readonly status: FileStatus;
}

/** A file of external data that passed all checks once. */
export class ExternalFile {
  readonly location: string;
  readonly path: string;
  readonly #status: FileStatus;
  readonly #open: () => Opened;

  constructor(location: string, path: string, status: FileStatus, open: () => Opened) {
    this.location = location;
    this.path = path;
    this.#status = status;
    this.#open = open;
  }

  get size(): bigint {
    return this.#status.size;
  }

  get identity(): { readonly dev: bigint; readonly ino: bigint } {
    return this.#status;
  }

  /**
   * Opens it again, with all checks.
   *
   * @throws external-data-changed (exit 7)
   */
  open(): Opened {
    const opened = this.#open();
    const { dev, ino, size, mtimeNs } = opened.status;
    const before = this.#status;
    if (dev === before.dev && ino === before.ino && size === before.size && mtimeNs === before.mtimeNs) return opened;
    throw diagnostics.io('external-data-changed', 'the file changed while the model was in use', { file: this.path });
  }
}

/** A tensor's bytes in such a file; read when asked for, and not held. */
export class ExternalTensor {
  readonly storage = 'external';
  readonly file: ExternalFile;
  readonly offset: bigint;
  readonly byteLength: number;
  readonly #system: FileSystem;

  constructor(file: ExternalFile, offset: bigint, byteLength: number, system: FileSystem) {
    this.file = file;
    this.offset = offset;
    this.byteLength = byteLength;
    this.#system = system;
  }

  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    const { descriptor } = this.file.open();
    try {
      readInto(bytes, descriptor, this.offset, this.#system);
    } catch (cause) {
      throw ioFailure('read', this.file.path, cause);
    } finally {
      closeQuietly(descriptor, this.#system);
    }
    return bytes;
  }
}

const mostPerCall = 2 ** 30;

function readInto(bytes: Uint8Array, descriptor: number, offset: bigint, system: FileSystem): void {
  for (let position = 0; position < bytes.byteLength; ) {
    const length = Math.min(mostPerCall, bytes.byteLength - position);
    const count = system.readSync(descriptor, bytes, position, length, offset + BigInt(position));
    if (count === 0) throw Object.assign(new Error('the file ends before the tensor does'), { code: 'EIO' });
    position += count;
  }
}

/** A file that was only read loses nothing when closing it fails. */
export function closeQuietly(descriptor: number, system: FileSystem): void {
  try {
    system.closeSync(descriptor);
  } catch {
    // See above.
  }
}
