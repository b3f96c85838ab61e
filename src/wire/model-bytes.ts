import protobuf from 'protobufjs/minimal.js';
import { diagnostics } from '../diagnostics.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { codecs } from './codecs.ts';
import type { Messages, ModelProto } from './generated/messages.ts';
import { type Limits, limitsOf } from './limits.ts';
import { scanModel } from './scan.ts';
import { type Places, WireReader } from './wire-reader.ts';

export interface DecodeOptions {
  readonly limits?: Partial<Limits>;
  /** For messages. */
  readonly file?: string;
}

export interface DecodedModel {
  readonly message: ModelProto;
  /** Where nodes, tensors, value infos and functions lie in the bytes. */
  readonly places: Places;
}

/**
 * Bytes → ModelProto, after a walk over the bytes that refuses malformed and oversized input before anything is made.
 * Byte fields are views of `bytes`: do not write to it afterwards.
 *
 * @throws not-a-model with the byte offset; limit-exceeded
 */
export function decodeModelProto(bytes: Uint8Array, options: DecodeOptions = {}): DecodedModel {
  const limits = limitsOf(options.limits);
  scanModel(bytes, limits, options.file);
  const reader = new WireReader(bytes);
  try {
    // A graph in a graph is three messages deep.
    const message = withDepth(3 * limits.depth + 100, () => codecs.ModelProto.decode(reader));
    return { message, places: reader.places };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw diagnostics.notAModel(options.file, `this is not an ONNX model: ${reason}`, reader.pos);
  }
}

/** ModelProto → pieces for `writev`, in order. Large byte fields are referenced, not copied. */
export function encodeModelProto(message: ModelProto): Uint8Array[] {
  return encodeMessage('ModelProto', message);
}

/** Any message → pieces. */
export function encodeMessage<Name extends keyof Messages>(name: Name, message: Messages[Name]): Uint8Array[] {
  return encodeInto(new ChunkWriter(), name, message).finish();
}

/** One writer for all comparisons: with a million nodes, a buffer for each is what takes the time. */
const comparer = new ChunkWriter(1 << 16);

/** Whether a message is written as exactly these bytes. */
export function encodesTo<Name extends keyof Messages>(
  name: Name,
  message: Messages[Name],
  bytes: Uint8Array,
): boolean {
  try {
    return encodeInto(comparer, name, message).equals(bytes);
  } finally {
    comparer.reset();
  }
}

function encodeInto<Name extends keyof Messages>(
  writer: ChunkWriter,
  name: Name,
  message: Messages[Name],
): ChunkWriter {
  const before = protobuf.util.recursionLimit;
  // What is written was read or made by us: its depth is known to be finite.
  protobuf.util.recursionLimit = Number.POSITIVE_INFINITY;
  try {
    return codecs[name].encode(message, writer);
  } finally {
    protobuf.util.recursionLimit = before;
  }
}

/** Bytes that were part of a decoded model → message. */
export function decodeMessage<Name extends keyof Messages>(name: Name, bytes: Uint8Array): Messages[Name] {
  return withDepth(Number.POSITIVE_INFINITY, () => codecs[name].decode(new WireReader(bytes)));
}

/** The depth limit is global to protobufjs: it is put back. */
function withDepth<Result>(limit: number, decode: () => Result): Result {
  const before = protobuf.Reader.recursionLimit;
  protobuf.Reader.recursionLimit = limit;
  try {
    return decode();
  } finally {
    protobuf.Reader.recursionLimit = before;
  }
}
