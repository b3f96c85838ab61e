/** Equal as one byte string. Pieces that are the same memory are not read. */
export function samePieces(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (total(a) !== total(b)) return false;
  let index = 0;
  let offset = 0;
  for (const piece of a) {
    for (let start = 0; start < piece.byteLength; ) {
      const other = b[index];
      if (!other) return false;
      const length = Math.min(piece.byteLength - start, other.byteLength - offset);
      if (!sameBytes(piece.subarray(start, start + length), other.subarray(offset, offset + length))) return false;
      start += length;
      offset += length;
      if (offset === other.byteLength) {
        index++;
        offset = 0;
      }
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
