import protobuf from 'protobufjs/minimal.js';
import { DiagnosticError, diagnostics } from '../diagnostics.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { codecs } from './codecs.ts';
import type { ModelProto } from './generated/messages.ts';
import { defaultLimits, type Limits } from './limits.ts';
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
  const limits = { ...defaultLimits, ...options.limits };
  scanModel(bytes, limits, options.file);
  const reader = new WireReader(bytes);
  const before = protobuf.Reader.recursionLimit;
  // A graph in a graph is three messages deep. The limit is global to protobufjs, so it is put back.
  protobuf.Reader.recursionLimit = Math.max(before, 3 * limits.depth + 100);
  try {
    return { message: codecs.ModelProto.decode(reader), places: reader.places };
  } catch (error) {
    if (error instanceof DiagnosticError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw diagnostics.notAModel(options.file, `this is not an ONNX model: ${reason}`, reader.pos);
  } finally {
    protobuf.Reader.recursionLimit = before;
  }
}

/** ModelProto → pieces for `writev`, in order. Large byte fields are referenced, not copied. */
export function encodeModelProto(message: ModelProto): Uint8Array[] {
  return encodeMessage('ModelProto', message);
}

/** Any message → pieces. */
export function encodeMessage<Name extends keyof typeof codecs>(
  name: Name,
  message: Parameters<(typeof codecs)[Name]['encode']>[0],
): Uint8Array[] {
  const writer = new ChunkWriter();
  const before = protobuf.util.recursionLimit;
  protobuf.util.recursionLimit = Number.POSITIVE_INFINITY;
  try {
    (codecs[name].encode as (message: unknown, writer: ChunkWriter) => ChunkWriter)(message, writer);
  } finally {
    protobuf.util.recursionLimit = before;
  }
  return writer.finish();
}
