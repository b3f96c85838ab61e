import { concatenate, packVarints } from '../wire/index.ts';

/** string_data → the byte form of string tensors: each string as its length (varint), then its bytes. */
export function joinStrings(strings: readonly Uint8Array[]): Uint8Array {
  return concatenate(strings.flatMap((item) => [packVarints([item.byteLength], 1), item]));
}

/** Inverse of {@link joinStrings}. */
export function splitStrings(bytes: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (let position = 0; position < bytes.byteLength; ) {
    let length = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[position++] ?? 0;
      length += (byte & 127) * scale;
      if (byte < 128) break;
    }
    strings.push(bytes.subarray(position, position + length));
    position += length;
  }
  return strings;
}
