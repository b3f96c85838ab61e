import { decodeMessage, encodeMessage, encodesTo, type Messages, samePieces } from '../wire/index.ts';

/**
 * `kept`, if it says the same as `current`, which is written from scratch. Bytes of other writers may differ from ours
 * (field order, packing) and yet say the same: then both are compared in our form.
 */
export function unchangedBytes<Name extends keyof Messages>(
  name: Name,
  kept: Uint8Array,
  current: Messages[Name],
): Uint8Array | undefined {
  if (encodesTo(name, current, kept)) return kept;
  const ours = encodeMessage(name, decodeMessage(name, kept));
  return samePieces(encodeMessage(name, current), ours) ? kept : undefined;
}
