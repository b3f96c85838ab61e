import type { Extras } from './extras.ts';
import type { Graph } from './graph.ts';
import type { Tensor } from './tensor.ts';
import type { ValueType } from './value.ts';

/** An attribute's value by ONNX AttributeType. Strings are bytes: ONNX does not promise UTF-8. */
export type AttributeValue =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'types'; readonly value: readonly ValueType[] }
  /** Sparse tensors, references to function attributes, and whatever a newer standard adds: kept, not interpreted. */
  | { readonly kind: 'opaque'; readonly value: unknown };

export interface Attribute {
  readonly name: string;
  readonly value: AttributeValue;
  readonly extras?: Extras;
}

const encoder = new TextEncoder();

export const attribute = {
  int: (name: string, value: number): Attribute => ({ name, value: { kind: 'int', value: BigInt(value) } }),
  ints: (name: string, values: readonly number[]): Attribute => ({
    name,
    value: { kind: 'ints', value: values.map(BigInt) },
  }),
  float: (name: string, value: number): Attribute => ({ name, value: { kind: 'float', value } }),
  string: (name: string, value: string): Attribute => ({
    name,
    value: { kind: 'string', value: encoder.encode(value) },
  }),
  tensor: (name: string, value: Tensor): Attribute => ({ name, value: { kind: 'tensor', value } }),
} as const;
