/** What {@link writePieces} writes to. */
export interface PieceTarget {
  writev(pieces: readonly Uint8Array[]): Promise<{ bytesWritten: number }>;
}

/** Linux writes at most 2 GiB and 1024 pieces at once; smaller steps let a signal in. */
const mostBytes = 64 * 2 ** 20;
const mostPieces = 512;

/**
 * Writes all pieces in order, in as many calls as it takes.
 *
 * @throws the signal's reason
 */
export async function writePieces(
  target: PieceTarget,
  pieces: Iterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  for (const batch of batches(pieces)) {
    for (let rest = batch; rest.length > 0; ) {
      signal?.throwIfAborted();
      const { bytesWritten } = await target.writev(rest);
      rest = skip(rest, bytesWritten);
    }
  }
}

function* batches(pieces: Iterable<Uint8Array>): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    for (let start = 0; start < piece.byteLength; start += mostBytes) {
      const part = piece.subarray(start, start + mostBytes);
      if (bytes + part.byteLength > mostBytes || batch.length === mostPieces) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(part);
      bytes += part.byteLength;
    }
  }
  if (batch.length > 0) yield batch;
}

function skip(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let rest = count;
  const left: Uint8Array[] = [];
  for (const piece of pieces) {
    if (rest < piece.byteLength) left.push(rest > 0 ? piece.subarray(rest) : piece);
    rest = Math.max(0, rest - piece.byteLength);
  }
  return left;
}
