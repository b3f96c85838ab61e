import { createHash } from 'node:crypto';

const digestLength = 32;
const headerLength = digestLength + 4;

/** sha256 of all that follows · uint32 length of the key, little-endian · the key in UTF-8 · the value. */
export function encodeEntry(key: string, value: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(key);
  const bytes = new Uint8Array(headerLength + name.length + value.length);
  new DataView(bytes.buffer).setUint32(digestLength, name.length, true);
  bytes.set(name, headerLength);
  bytes.set(value, headerLength + name.length);
  bytes.set(digest(bytes), 0);
  return bytes;
}

/** The value, or undefined where the bytes are damaged, cut off, or belong to another key. */
export function decodeEntry(key: string, bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < headerLength || Buffer.compare(digest(bytes), bytes.subarray(0, digestLength)) !== 0)
    return undefined;
  const end = headerLength + new DataView(bytes.buffer, bytes.byteOffset).getUint32(digestLength, true);
  const name = new TextDecoder().decode(bytes.subarray(headerLength, end));
  return name === key ? bytes.slice(end) : undefined;
}

function digest(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes.subarray(digestLength)).digest();
}
