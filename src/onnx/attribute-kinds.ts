import type { AttributeProto } from '../wire/index.ts';

/** Attribute types that the IR interprets: AttributeType number, kind in the IR, field of AttributeProto. */
export const attributeKinds = [
  { type: 1, kind: 'float', field: 'f' },
  { type: 2, kind: 'int', field: 'i' },
  { type: 3, kind: 'string', field: 's' },
  { type: 4, kind: 'tensor', field: 't' },
  { type: 5, kind: 'graph', field: 'g' },
  { type: 6, kind: 'floats', field: 'floats' },
  { type: 7, kind: 'ints', field: 'ints' },
  { type: 8, kind: 'strings', field: 'strings' },
  { type: 9, kind: 'tensors', field: 'tensors' },
  { type: 10, kind: 'graphs', field: 'graphs' },
  { type: 13, kind: 'type', field: 'tp' },
  { type: 14, kind: 'types', field: 'typeProtos' },
] as const satisfies readonly { type: number; kind: string; field: keyof AttributeProto }[];

export type AttributeKind = (typeof attributeKinds)[number];

/** Fields besides the value that an interpreted attribute may have. */
export const plainFields = ['name', 'docString', 'type', '$unknowns'];
