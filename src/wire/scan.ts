import { diagnostics } from '../diagnostics.ts';
import { schema } from './generated/schema.ts';
import type { Limits } from './limits.ts';

/** Protobuf messages inside each other, over all kinds: what protobufjs itself allows, and a type may nest to. */
const messageDepthBeside = 100;

/** Message → fields that hold a name. */
const nameFields: Readonly<Record<string, readonly number[]>> = {
  NodeProto: [1, 2, 3, 4, 7, 8],
  AttributeProto: [1, 21],
  TensorProto: [8],
  ValueInfoProto: [1],
  GraphProto: [2],
  FunctionProto: [1, 4, 5, 6, 10, 13],
  OperatorSetIdProto: [1],
};

/**
 * Walks the bytes of a ModelProto without making an object, and refuses what is malformed or over a limit.
 *
 * @throws not-a-model with the byte offset; limit-exceeded
 */
export function scanModel(bytes: Uint8Array, limits: Limits, file?: string): void {
  new Scanner(bytes, limits, file).message('ModelProto', bytes.byteLength, 0, 0);
}

/** A message being walked. */
interface Frame {
  readonly name: string;
  readonly end: number;
  /** Messages around it. */
  readonly depth: number;
  /** Graphs around it, itself included. */
  readonly graphs: number;
  /** Product of a tensor's dims so far. */
  elements: number;
}

class Scanner {
  readonly #bytes: Uint8Array;
  readonly #limits: Limits;
  readonly #file: string | undefined;
  #position = 0;
  #nodes = 0;
  #initializers = 0;
  #messages = 0;

  constructor(bytes: Uint8Array, limits: Limits, file: string | undefined) {
    this.#bytes = bytes;
    this.#limits = limits;
    this.#file = file;
  }

  message(name: string, end: number, graphs: number, depth: number): void {
    const frame: Frame = { name, end, depth, graphs: name === 'GraphProto' ? graphs + 1 : graphs, elements: 1 };
    this.#count(frame);
    while (this.#position < end) this.#field(frame);
    // A negative dim reads as a number near 2^64; the reader of tensors names it. Zero makes any product small.
    if (frame.elements > this.#limits.elements && frame.elements < 2 ** 63) this.#limit('elements', frame.elements);
  }

  #field(frame: Frame): void {
    const start = this.#position;
    const tag = this.#varint(frame.end);
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (field < 1 || field > 0x1fff_ffff) this.#fail('has a field number that does not exist', start);
    const isDims = frame.name === 'TensorProto' && field === 1;
    if (isDims && wire === 0) frame.elements *= this.#varint(frame.end);
    else if (wire !== 2) this.#skip(wire, field, frame.end, start, frame.depth);
    else {
      const stop = this.#length(frame.end, start);
      if (isDims) while (this.#position < stop) frame.elements *= this.#varint(stop);
      else this.#content(frame, field, start, stop);
      this.#position = stop;
    }
  }

  /** A field with a length: a message to go into, a name to measure, or bytes to pass by. */
  #content({ name, graphs, depth }: Frame, field: number, start: number, stop: number): void {
    const child = schema[name]?.[field];
    if (child !== undefined && child in schema) this.message(child, stop, graphs, depth + 1);
    else if (nameFields[name]?.includes(field) && stop - this.#position > this.#limits.nameBytes) this.#tooLong(start);
    if (name === 'GraphProto' && (field === 5 || field === 15)) this.#limit('initializers', ++this.#initializers);
  }

  #count({ name, graphs, depth }: Frame): void {
    this.#limit('messages', ++this.#messages);
    if (name === 'NodeProto') this.#limit('nodes', ++this.#nodes);
    if (name === 'GraphProto') this.#limit('depth', graphs);
    if (depth > 3 * this.#limits.depth + messageDepthBeside) this.#fail('nests messages too deeply');
  }

  #limit(which: 'nodes' | 'initializers' | 'depth' | 'elements' | 'messages', count: number): void {
    if (count <= this.#limits[which]) return;
    const text =
      which === 'depth'
        ? 'nests graphs deeper'
        : which === 'elements'
          ? 'holds a tensor of more elements'
          : `holds more ${which}`;
    throw diagnostics.limitExceeded(
      `the model ${text} than the limit of ${this.#limits[which]}`,
      this.#where(),
      `Raise the limit "${which}" if you trust the file`,
    );
  }

  #tooLong(start: number): never {
    throw diagnostics.limitExceeded(
      `a name is longer than the limit of ${this.#limits.nameBytes} bytes`,
      this.#where(start),
    );
  }

  #length(end: number, start: number): number {
    const length = this.#varint(end);
    if (length > end - this.#position) {
      this.#fail(`is cut off: ${length} bytes are announced and ${end - this.#position} are there`, start);
    }
    return this.#position + length;
  }

  #skip(wire: number, field: number, end: number, start: number, depth: number): void {
    if (wire === 0) this.#varint(end);
    else if (wire === 1) this.#advance(8, end, start);
    else if (wire === 2) this.#position = this.#length(end, start);
    else if (wire === 3) this.#group(field, end, start, depth);
    else if (wire === 5) this.#advance(4, end, start);
    else
      this.#fail(
        `has wire type ${wire}, which ${wire === 4 ? 'ends a group that was not opened' : 'does not exist'}`,
        start,
      );
  }

  #group(field: number, end: number, start: number, depth: number): void {
    if (depth > messageDepthBeside) this.#fail('nests groups too deeply', start);
    while (this.#position < end) {
      const inner = this.#position;
      const tag = this.#varint(end);
      if (tag % 8 === 4) {
        if (Math.floor(tag / 8) === field) return;
        this.#fail('closes a group that was not opened', inner);
      }
      this.#skip(tag % 8, Math.floor(tag / 8), end, inner, depth + 1);
    }
    this.#fail('is cut off inside a group', start);
  }

  #advance(count: number, end: number, start: number): void {
    if (this.#position + count > end) this.#fail('is cut off', start);
    this.#position += count;
  }

  /** Exact up to 2^53, a near value above: enough to compare with limits. */
  #varint(end: number): number {
    const start = this.#position;
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 10; index++) {
      if (this.#position >= end) this.#fail('is cut off', start);
      const byte = this.#bytes[this.#position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    return this.#fail('has a number of more than 10 bytes', start);
  }

  #where(byte = this.#position) {
    return { ...(this.#file !== undefined && { file: this.#file }), byte };
  }

  #fail(message: string, byte = this.#position): never {
    throw diagnostics.notAModel(this.#file, `this is not an ONNX model: it ${message}`, byte);
  }
}
