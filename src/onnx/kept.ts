import type { Extras, Model, Tensor } from '../ir/index.ts';
import type { Place } from '../wire/index.ts';

/*
 * The original bytes of what was read, beside the IR: an entity that nobody changed is written as it came, also where
 * another writer ordered or sized things differently. Nodes and values are found by their `extras`, which clones share;
 * tensors by themselves.
 */

interface KeptTensor {
  readonly place: Place;
  readonly name: string | undefined;
}

const places = new WeakMap<Extras, Place>();
const tensors = new WeakMap<Tensor, KeptTensor>();

export function keep(extras: Extras, place: Place | undefined): void {
  if (place) places.set(extras, place);
}

export function keptBytes(extras: Extras | undefined): Uint8Array | undefined {
  const place = extras && places.get(extras);
  return place && bytesAt(place);
}

export function keepTensor(tensor: Tensor, name: string | undefined, place: Place | undefined): void {
  if (place) tensors.set(tensor, { place, name });
}

/** Bytes of the TensorProto, if it bore this name. */
export function keptTensorBytes(tensor: Tensor, name: string | undefined): Uint8Array | undefined {
  const kept = tensors.get(tensor);
  return kept && kept.name === name ? bytesAt(kept.place) : undefined;
}

export function keepModelBytes(extras: Extras, bytes: Uint8Array): void {
  places.set(extras, { bytes, start: 0, end: bytes.byteLength });
}

/** The bytes that a model was read from; undefined for one that was made. */
export function originalBytes(model: Model): Uint8Array | undefined {
  return keptBytes(model.extras);
}

function bytesAt({ bytes, start, end }: Place): Uint8Array {
  return bytes.subarray(start, end);
}
