import protobuf from 'protobufjs/minimal.js';
import type { Packed } from './generated/messages.ts';
import type { PackedKind } from './packed.ts';
import { decodeUtf8 } from './utf8.ts';

/** Bytes `start` to `end` (exclusive) of an input. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * Where each decoded entity lies, by its message. Lives as long as the reading: a WeakMap of a million entries costs the
 * garbage collector more time than everything else together.
 */
export type Places = Map<object, Place>;

/**
 * Reads without loss and without copies: 64-bit integers are bigint, byte fields are views of the input, packed tensor
 * data stays packed, strings that are not UTF-8 survive (see utf8.ts), unknown fields are kept.
 */
export class WireReader extends protobuf.Reader {
  readonly places: Places = new Map();
  readonly #text: Buffer;

  constructor(bytes: Uint8Array) {
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.discardUnknown = false;
  }

  // @ts-expect-error the base class makes Long objects or rounded numbers
  override int64(): bigint {
    return BigInt.asIntN(64, this.#varint64());
  }

  // @ts-expect-error see int64
  override uint64(): bigint {
    return this.#varint64();
  }

  // @ts-expect-error see int64
  override int64s(values: bigint[]): bigint[] {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new RangeError('index out of range');
    while (this.pos < end) values.push(this.int64());
    if (this.pos !== end) throw new RangeError('index out of range');
    return values;
  }

  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    const end = start + length;
    if (end > this.len) throw new RangeError('index out of range');
    this.pos = end;
    // Names are short and plain: a view for each would cost more than all else that is read.
    for (let at = start; at < end; at++) {
      if ((this.buf[at] ?? 0) >= 128) return decodeUtf8(this.buf.subarray(start, end));
    }
    return this.#text.toString('latin1', start, end);
  }

  /** Keeps the payload of a packed field of tensor data; a view of the input. */
  packed(values: Packed, kind: PackedKind): void {
    const start = this.pos;
    const payload = this.bytes();
    if ((kind === 'float' && payload.byteLength % 4 !== 0) || (kind === 'double' && payload.byteLength % 8 !== 0)) {
      this.pos = start;
      throw new RangeError(`packed ${kind} values end in the middle of one`);
    }
    if (payload.byteLength > 0 && kind !== 'float' && kind !== 'double' && (payload.at(-1) ?? 0) >= 128) {
      this.pos = start;
      throw new RangeError(`packed ${kind} values end in the middle of one`);
    }
    if (payload.byteLength > 0) values.push(payload);
  }

  #varint64(): bigint {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.pos >= this.len) throw new RangeError('index out of range');
      const byte = this.buf[this.pos++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) return high === 0 ? BigInt(low >>> 0) : (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    }
    throw new RangeError('invalid varint encoding');
  }
}
