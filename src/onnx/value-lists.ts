import type { Extras, Graph, Value, ValueType } from '../ir/index.ts';
import type { GraphProto, ValueInfoProto } from '../wire/index.ts';
import { keep, keptBytes } from './kept.ts';
import { leftover } from './leftover.ts';
import type { ReadContext } from './read-context.ts';
import { describeValue, sameValueInfo, valueInfoMessage } from './value-info.ts';

/** The lists of a graph that describe values, in the order in which a value takes its description from them. */
export const valueLists = ['input', 'output', 'valueInfo'] as const;
export type ValueList = (typeof valueLists)[number];

/**
 * The same value may be listed twice, here or in an inner graph, and described differently. It keeps the first
 * description; the others are variants, found again by list, name and count, as clones keep names.
 */
export interface Variant {
  readonly key: string;
  readonly message: ValueInfoProto;
  /** What the value's type was: once a pass gives another, the variant no longer holds. */
  readonly type: ValueType | undefined;
  /** Kept by this object. */
  readonly extras: Extras;
}

/** A second entry of value_info for a name, which the set of values cannot hold. */
export interface Surplus {
  readonly index: number;
  readonly value: string;
  readonly message: ValueInfoProto;
}

export type ListExtras = {
  readonly variants?: readonly Variant[];
  readonly surplus?: readonly Surplus[];
};

export function variantKey(list: ValueList, name: string, count: number): string {
  return `${list} ${count} ${name}`;
}

/** Describes the values of all lists; `find` gives the value that a name means in this graph. */
export function readValueLists(
  message: Pick<GraphProto, ValueList>,
  graph: Graph,
  find: (name: string, list: ValueList) => Value,
  context: ReadContext,
): ListExtras {
  const variants: Variant[] = [];
  const surplus: Surplus[] = [];
  for (const list of valueLists) {
    const counts = new Map<string, number>();
    (message[list] ?? []).forEach((info, index) => {
      const name = info.name ?? '';
      const value = find(name, list);
      const count = counts.get(name) ?? 0;
      counts.set(name, count + 1);
      if (list === 'valueInfo' && count > 0) {
        surplus.push({ index, value: name, message: leftover(info, []) });
        return;
      }
      if (list === 'input') graph.inputs.push(value);
      else if (list === 'output') graph.outputs.push(value);
      else graph.valueInfo.add(value);
      const variant = describe(value, info, variantKey(list, name, count), context);
      if (variant) variants.push(variant);
    });
  }
  return { ...(variants.length > 0 && { variants }), ...(surplus.length > 0 && { surplus }) };
}

function describe(value: Value, info: ValueInfoProto, key: string, context: ReadContext): Variant | undefined {
  const place = context.places.get(info);
  if (!context.described.has(value)) {
    context.described.add(value);
    describeValue(value, info);
    if (value.extras) keep(value.extras, place);
    return undefined;
  }
  if (keptLike(value, place) || sameValueInfo(valueInfoMessage(value), info)) return undefined;
  const extras = {};
  keep(extras, place);
  return { key, message: leftover(info, []), type: value.type, extras };
}

/** The same bytes as the value's own description: the common case, without encoding anything. */
function keptLike(value: Value, place: { bytes: Uint8Array; start: number; end: number } | undefined): boolean {
  const own = keptBytes(value.extras);
  return (
    own !== undefined && place !== undefined && Buffer.compare(own, place.bytes.subarray(place.start, place.end)) === 0
  );
}
