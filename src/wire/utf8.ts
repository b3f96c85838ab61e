import { isUtf8 } from 'node:buffer';

/*
 * Protobuf 2 does not check that strings are UTF-8, and doc strings in Latin-1 exist. A byte that is no UTF-8 becomes
 * the lone surrogate U+DC00 + byte, which no valid UTF-8 decodes to, and is turned back when written (Python's
 * "surrogateescape").
 */

const lowSurrogate = 0xdc00;

export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = asBuffer(bytes);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  return escapeInvalid(buffer);
}

export function encodeUtf8(text: string): Uint8Array {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text, 'utf8');
  const pieces = text
    .split(/([\udc80-\udcff])/u)
    .map((piece, index) =>
      index % 2 === 1 ? Buffer.of(piece.charCodeAt(0) - lowSurrogate) : Buffer.from(piece, 'utf8'),
    );
  return Buffer.concat(pieces);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function escapeInvalid(bytes: Buffer): string {
  let text = '';
  for (let position = 0; position < bytes.length; ) {
    const length = sequenceLength(bytes, position);
    if (length > 0) text += bytes.toString('utf8', position, position + length);
    else text += String.fromCharCode(lowSurrogate + (bytes[position] ?? 0));
    position += Math.max(1, length);
  }
  return text;
}

/** Length of the UTF-8 sequence that starts here; 0 when there is none. */
function sequenceLength(bytes: Buffer, position: number): number {
  const lead = bytes[position] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return position + length <= bytes.length && isUtf8(bytes.subarray(position, position + length)) ? length : 0;
}
