import type { Value } from '../ir/index.ts';
import { encodeMessage, type ValueInfoProto } from '../wire/index.ts';
import { fieldsOf, leftover } from './leftover.ts';
import { readType, typeMessage } from './value-type.ts';

/** Puts type, doc string and the rest on a value that has none yet. */
export function describeValue(value: Value, message: ValueInfoProto): void {
  value.type = message.type && readType(message.type);
  value.docString = message.docString;
  value.extras = { fields: leftover(message, [...(message.name ? ['name'] : []), 'type', 'docString']) };
}

export function valueInfoMessage(value: Value): ValueInfoProto {
  return {
    ...fieldsOf(value.extras),
    ...(value.name !== '' && { name: value.name }),
    ...(value.type && { type: typeMessage(value.type) }),
    ...(value.docString !== undefined && { docString: value.docString }),
  };
}

/** Do two descriptions say the same? */
export function sameValueInfo(a: ValueInfoProto, b: ValueInfoProto): boolean {
  const [left, right] = [a, b].map((message) => Buffer.concat(encodeMessage('ValueInfoProto', message)));
  return left !== undefined && right !== undefined && left.equals(right);
}
