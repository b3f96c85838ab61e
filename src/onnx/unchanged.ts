import { decodeMessage, encodeMessage, type Messages } from '../wire/index.ts';

/**
 * `kept`, if it says the same as `current`, which is written from scratch. Bytes of other writers may differ from ours
 * (field order, packing) and yet say the same: then both are compared in our form.
 */
export function unchangedBytes<Name extends keyof Messages>(
  name: Name,
  kept: Uint8Array,
  current: Messages[Name],
): Uint8Array | undefined {
  const written = encodeMessage(name, current);
  if (samePieces(written, [kept])) return kept;
  return samePieces(written, encodeMessage(name, decodeMessage(name, kept))) ? kept : undefined;
}

/** Equal as one byte string. Pieces that are the same memory are not read. */
export function samePieces(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (total(a) !== total(b)) return false;
  const right = [...b];
  for (const piece of a) {
    let rest = piece;
    while (rest.byteLength > 0) {
      const other = right.shift();
      if (!other) return false;
      const length = Math.min(rest.byteLength, other.byteLength);
      if (!sameBytes(rest.subarray(0, length), other.subarray(0, length))) return false;
      rest = rest.subarray(length);
      if (length < other.byteLength) right.unshift(other.subarray(length));
    }
  }
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return (a.buffer === b.buffer && a.byteOffset === b.byteOffset) || Buffer.compare(a, b) === 0;
}

function total(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
