import type { Extras, Model, Tensor } from '../ir/index.ts';
import type { Place } from '../wire/index.ts';

/*
 * The original bytes of what was read: an entity that nobody changed is written as it came, also where another writer
 * ordered or sized things differently. They are found by the entity's `extras`, which clones share, under a symbol that
 * nobody else has. (Rejected: a WeakMap, which at a million nodes takes the garbage collector most of a minute.)
 */

const origin = Symbol('origin');

interface Kept extends Place {
  /** For tensors, which are immutable: the one that was read, and the name that it bore. */
  readonly tensor?: Tensor;
  readonly name?: string | undefined;
}

export function keep(extras: Extras, place: Place | undefined): void {
  if (place) attach(extras, place);
}

export function keptBytes(extras: Extras | undefined): Uint8Array | undefined {
  const kept = extras && keptOf(extras);
  return kept && bytesAt(kept);
}

export function keepTensor(tensor: Tensor, name: string | undefined, place: Place | undefined): void {
  if (place && tensor.extras) attach(tensor.extras, { ...place, tensor, name });
}

/** Bytes of the TensorProto, if it bore this name. */
export function keptTensorBytes(tensor: Tensor, name: string | undefined): Uint8Array | undefined {
  const kept = tensor.extras && keptOf(tensor.extras);
  return kept?.tensor === tensor && kept.name === name ? bytesAt(kept) : undefined;
}

export function keepModelBytes(extras: Extras, bytes: Uint8Array): void {
  attach(extras, { bytes, start: 0, end: bytes.byteLength });
}

/** The bytes that a model was read from; undefined for one that was made. */
export function originalBytes(model: Model): Uint8Array | undefined {
  return keptBytes(model.extras);
}

function attach(extras: Extras, kept: Kept): void {
  Object.defineProperty(extras, origin, { value: kept });
}

function keptOf(extras: Extras): Kept | undefined {
  return Reflect.get(extras, origin) as Kept | undefined;
}

function bytesAt({ bytes, start, end }: Place): Uint8Array {
  return bytes.subarray(start, end);
}
