import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import protobuf from 'protobufjs';

interface Field {
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly packed: boolean;
  readonly oneof: string | null;
}

const oracle = JSON.parse(readFileSync('test/oracle/onnx-descriptor.json', 'utf8')) as {
  messages: Record<string, Record<string, Field>>;
  enums: Record<string, Record<string, number>>;
};
const root = new protobuf.Root().loadSync('schemas/onnx.proto', { keepCase: true }).resolveAll();

test('schemas/onnx.proto has every message and field of the standard: number, label, type, packing, oneof', () => {
  expect(Object.fromEntries(messages(root).map((type) => [nameOf(type), fieldsOf(type)]))).toEqual(oracle.messages);
});

test('schemas/onnx.proto has every enum of the standard', () => {
  expect(Object.fromEntries(enums(root).map((item) => [nameOf(item), item.values]))).toEqual(oracle.enums);
});

test('the comparison is of a schema with something in it', () => {
  expect(Object.keys(oracle.messages).length).toBeGreaterThan(25);
  expect(oracle.messages.TensorProto?.float_data?.packed).toBe(true);
});

function fieldsOf(type: protobuf.Type): Record<string, Field> {
  return Object.fromEntries(
    type.fieldsArray.map((field) => [
      field.name,
      {
        number: field.id,
        label: field.repeated ? 'repeated' : field.required ? 'required' : 'optional',
        type: field.resolvedType ? nameOf(field.resolvedType) : field.type,
        packed: field.getOption('packed') === true,
        oneof: field.partOf?.name ?? null,
      },
    ]),
  );
}

function messages(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((item) => [
    ...(item instanceof protobuf.Type ? [item] : []),
    ...(item instanceof protobuf.Namespace ? messages(item) : []),
  ]);
}

function enums(namespace: protobuf.NamespaceBase): protobuf.Enum[] {
  return namespace.nestedArray.flatMap((item) =>
    item instanceof protobuf.Enum ? [item] : item instanceof protobuf.Namespace ? enums(item) : [],
  );
}

function nameOf(item: protobuf.ReflectionObject): string {
  return item.fullName.replace(/^\.onnx\./, '');
}
