import type { ChunkWriter } from './chunk-writer.ts';
import type { Messages } from './generated/messages.ts';
import { onnx } from './generated/onnx.js';
import type { WireReader } from './wire-reader.ts';

export interface Codec<Message> {
  decode(reader: WireReader, length?: number, end?: number, depth?: number, target?: Message): Message;
  encode(message: Message, writer: ChunkWriter, depth?: number): ChunkWriter;
}

export type Codecs = { [Name in keyof Messages]: Codec<Messages[Name]> };

/** The static module under our own types: its int64 are our bigint, its reader and writer ours. */
export const codecs: Codecs = onnx as unknown as Codecs;

/** What is remembered by place, and can be written as the bytes it was: each appears in repeated fields. */
const entities = ['NodeProto', 'TensorProto', 'ValueInfoProto', 'FunctionProto'] as const;

const verbatimBytes = Symbol('verbatim bytes');

/** A message that is written as these bytes. */
export function verbatim<Message extends object>(bytes: Uint8Array): Message {
  return { [verbatimBytes]: bytes } as unknown as Message;
}

// The static module calls `onnx.NodeProto.decode(…)` by that path, so wrapping the property reaches nested messages.
for (const name of entities) remember(codecs[name] as Codec<object>);

function remember(codec: Codec<object>): void {
  const { decode, encode } = codec;
  codec.decode = (reader, length, end, depth, target) => {
    const start = reader.pos;
    const message = decode(reader, length, end, depth, target);
    // A field given twice is merged from two places: no bytes of its own.
    if (target) reader.places.delete(message);
    else reader.places.set(message, { bytes: reader.buf, start, end: reader.pos });
    return message;
  };
  codec.encode = (message, writer, depth) => {
    const bytes: unknown = Reflect.get(message, verbatimBytes);
    return bytes instanceof Uint8Array ? writer.raw(bytes) : encode(message, writer, depth);
  };
}
