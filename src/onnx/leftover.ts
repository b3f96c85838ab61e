import type { Extras } from '../ir/index.ts';

/** Fields of a message that the IR has no place for, by field name; unknown fields under `$unknowns`. */
export type Fields = { readonly [field: string]: unknown };

/** Everything of `message` but the `known` fields, as plain data without protobuf's classes. */
export function leftover(message: object, known: readonly string[]): Fields {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    if (value !== undefined && !known.includes(name)) fields[name] = plain(value);
  }
  const unknowns: unknown = Reflect.get(message, '$unknowns');
  if (unknowns !== undefined) fields.$unknowns = unknowns;
  return fields;
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Array.isArray(value) ? value.map(plain) : leftover(value, []);
}

/** What {@link leftover} gave, from the extras that carry it; nothing for entities that we made. */
export function fieldsOf(extras: Extras | undefined): Fields {
  const fields = extras?.fields;
  return typeof fields === 'object' && fields !== null ? (fields as Fields) : {};
}

/** `fields` under their key, or nothing: keeps extras small. */
export function asExtras(fields: Fields): Extras {
  return Object.keys(fields).length > 0 ? { fields } : {};
}
