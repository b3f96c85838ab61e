import type { Packed } from './generated/messages.ts';
import { type PackedKind, packedBytes, putVarint } from './packed.ts';
import { samePieces } from './same-pieces.ts';
import { encodeUtf8 } from './utf8.ts';

/** Byte strings from here on are referenced instead of copied. */
const referenceFrom = 4096;

/** A referenced byte string and where it goes: before this byte of the scratch buffer. */
interface Insertion {
  position: number;
  readonly bytes: Uint8Array;
}

interface Fork {
  readonly position: number;
  readonly insertions: number;
  readonly inserted: number;
}

/**
 * What protobufjs' static `encode` functions write to: small fields go into one buffer, large ones (raw_data) are only
 * referenced. `finish` gives the pieces in order, for `writev`. No model size overflows it, and weights are never copied.
 *
 * Rejected: protobufjs' own Writer doubles its buffer with a 32-bit shift and takes minutes beyond 1 GiB; a piece per
 * field costs 150 bytes for every small one.
 */
export class ChunkWriter {
  #scratch: Buffer;
  #position = 0;
  #inserted = 0;
  readonly #insertions: Insertion[] = [];
  readonly #forks: Fork[] = [];

  constructor(initialSize = 512) {
    this.#scratch = Buffer.allocUnsafe(initialSize);
  }

  /** Bytes so far. */
  get byteLength(): number {
    return this.#position + this.#inserted;
  }

  uint32(value: number): this {
    return this.#varint(value);
  }

  /** Also enums. */
  int32(value: number): this {
    return this.#varint(value);
  }

  int64(value: bigint): this {
    return this.#varint(value);
  }

  float(value: number): this {
    this.#reserve(4);
    this.#position = this.#scratch.writeFloatLE(value, this.#position);
    return this;
  }

  string(text: string): this {
    const length = Buffer.byteLength(text, 'utf8');
    if (length !== text.length) return this.bytes(encodeUtf8(text));
    this.#varint(length).#reserve(length);
    this.#position += this.#scratch.write(text, this.#position, length, 'latin1');
    return this;
  }

  /** Length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.#varint(bytes.byteLength).raw(bytes);
  }

  packed(values: Packed, kind: PackedKind): this {
    return this.bytes(packedBytes(values, kind));
  }

  raw(bytes: Uint8Array): this {
    if (bytes.byteLength >= referenceFrom) {
      this.#insertions.push({ position: this.#position, bytes });
      this.#inserted += bytes.byteLength;
      return this;
    }
    this.#reserve(bytes.byteLength);
    this.#scratch.set(bytes, this.#position);
    this.#position += bytes.byteLength;
    return this;
  }

  /** Opens a message whose length stands before it: one byte is set aside, and widened by `ldelim` where needed. */
  fork(): this {
    this.#reserve(1);
    this.#forks.push({ position: this.#position, insertions: this.#insertions.length, inserted: this.#inserted });
    this.#position++;
    return this;
  }

  ldelim(): this {
    const fork = this.#forks.pop();
    if (!fork) throw new Error('ldelim without fork');
    const start = fork.position + 1;
    const length = this.#position - start + (this.#inserted - fork.inserted);
    const prefix = Buffer.allocUnsafe(10);
    const prefixSize = putVarint(prefix, 0, length);
    if (prefixSize > 1) this.#widen(start, prefixSize - 1, fork.insertions);
    prefix.copy(this.#scratch, fork.position, 0, prefixSize);
    return this;
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.#position = 0;
    this.#inserted = 0;
    this.#insertions.length = 0;
  }

  /** Whether what was written so far is `bytes`. References to the same memory are not read. */
  equals(bytes: Uint8Array): boolean {
    if (this.byteLength !== bytes.byteLength) return false;
    if (this.#insertions.length > 0) return samePieces(this.finish(), [bytes]);
    return this.#scratch.compare(bytes, 0, bytes.byteLength, 0, this.#position) === 0;
  }

  /** The pieces in order. The writer must not be used afterwards. */
  finish(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (const { position, bytes } of this.#insertions) {
      if (position > start) pieces.push(this.#scratch.subarray(start, position));
      pieces.push(bytes);
      start = position;
    }
    if (this.#position > start) pieces.push(this.#scratch.subarray(start, this.#position));
    return pieces;
  }

  #widen(start: number, by: number, firstInsertion: number): void {
    this.#reserve(by);
    this.#scratch.copyWithin(start + by, start, this.#position);
    this.#position += by;
    for (let index = firstInsertion; index < this.#insertions.length; index++) {
      const insertion = this.#insertions[index];
      if (insertion) insertion.position += by;
    }
  }

  #varint(value: number | bigint): this {
    this.#reserve(10);
    this.#position = putVarint(this.#scratch, this.#position, value);
    return this;
  }

  #reserve(size: number): void {
    const needed = this.#position + size;
    if (needed <= this.#scratch.byteLength) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#scratch.byteLength * 2));
    this.#scratch.copy(grown, 0, 0, this.#position);
    this.#scratch = grown;
  }
}
