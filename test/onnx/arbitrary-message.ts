import fc from 'fast-check';
import protobuf from 'protobufjs';

const root = new protobuf.Root().loadSync('schemas/onnx.proto').resolveAll();

/**
 * Any message of a type, by the schema: each field there or not, empty or not, at most one of a oneof. Fields named in
 * `without` are left out, at every depth.
 */
export function arbitraryMessage(typeName: string, without: readonly string[] = [], depth = 3): fc.Arbitrary<object> {
  const type = root.lookupType(typeName);
  const fields = type.fieldsArray.filter((field) => !without.includes(field.name));
  const entries = fields.map((field) => [field.name, arbitraryField(field, without, depth)] as const);
  const record = fc.record(Object.fromEntries(entries), { requiredKeys: [] });
  return record.map((message) => withoutRivals(message, type));
}

function arbitraryField(field: protobuf.Field, without: readonly string[], depth: number): fc.Arbitrary<unknown> {
  const one = arbitraryValue(field, without, depth);
  return field.repeated ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
}

function arbitraryValue(
  { resolvedType, type }: protobuf.Field,
  without: readonly string[],
  depth: number,
): fc.Arbitrary<unknown> {
  if (resolvedType instanceof protobuf.Enum) return fc.constantFrom(...Object.values(resolvedType.values));
  if (resolvedType) {
    const name = resolvedType.fullName.slice(1);
    return depth === 0 ? fc.constant({}) : arbitraryMessage(name, without, depth - 1);
  }
  const scalars: Record<string, fc.Arbitrary<unknown>> = {
    string: fc.constantFrom('', 'a', 'ü', 'n'.repeat(130)),
    bytes: fc.uint8Array({ maxLength: 5 }),
    float: fc.float({ noNaN: true }),
    int32: fc.integer(),
    int64: fc.oneof(fc.constant(0n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  };
  const scalar = scalars[type];
  if (!scalar) throw new Error(`no values for ${type}`);
  return scalar;
}

function withoutRivals(message: object, type: protobuf.Type): object {
  const rivals = type.oneofsArray.flatMap(({ fieldsArray }) =>
    fieldsArray
      .map(({ name }) => name)
      .filter((name) => name in message)
      .slice(1),
  );
  return Object.fromEntries(Object.entries(message).filter(([name]) => !rivals.includes(name)));
}
