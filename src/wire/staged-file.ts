import { createHash, type Hash } from 'node:crypto';
import type { OpenFile } from './file-system.ts';
import { ioFailure } from './io-failure.ts';
import { writePieces } from './write-pieces.ts';

interface Target {
  /** May be changed until `commit`, within the folder: a name may depend on the content. */
  path: string;
  readonly overwrite: boolean;
}

/** A temporary file and what it will be. */
export class StagedFile {
  readonly path: string;
  readonly target: Target;
  /** Set by `commit`: there was a file. */
  replaces = false;
  readonly #file: OpenFile;
  readonly #signal: AbortSignal | undefined;
  readonly #hash: Hash = createHash('sha256');
  #hashing = false;
  #position = 0;
  #open = true;

  constructor(path: string, file: OpenFile, target: Target, signal: AbortSignal | undefined) {
    this.path = path;
    this.target = target;
    this.#file = file;
    this.#signal = signal;
  }

  /** Bytes written. */
  get position(): number {
    return this.#position;
  }

  /** Computes a hash on the way; before the first write. */
  withHash(): this {
    this.#hashing = true;
    return this;
  }

  /** Hexadecimal SHA-256 of what was written. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async write(pieces: Iterable<Uint8Array>): Promise<void> {
    try {
      await writePieces(this.#file, this.#count(pieces), this.#signal);
    } catch (cause) {
      throw ioFailure('write', this.target.path, cause);
    }
  }

  chmod(mode: number): Promise<void> {
    return this.#file.chmod(mode);
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }

  *#count(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    for (const piece of pieces) {
      if (this.#hashing) this.#hash.update(piece);
      this.#position += piece.byteLength;
      yield piece;
    }
  }
}
