import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { ChunkWriter } from '../../src/wire/chunk-writer.ts';

/** A message as data: scalars, byte fields and messages in it. */
type Item = { readonly uint32: number } | { readonly bytes: number } | { readonly message: readonly Item[] };

const { item } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5 },
    fc.record({ uint32: fc.nat() }),
    // Around the lengths where a prefix grows and where a field is referenced instead of copied.
    fc.record({ bytes: fc.constantFrom(0, 1, 126, 127, 128, 4095, 4096, 16_380, 16_390, 2_097_152) }),
    fc.record({ message: fc.array(tie('item'), { maxLength: 4 }) }),
  ),
}));

test('writes what protobufjs writes, whatever is inside what', () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), (items) => {
      const ours = new ChunkWriter(1);
      const theirs = new protobuf.Writer();
      write(items, ours);
      write(items, theirs);
      const length = ours.byteLength;
      const pieces = ours.finish();
      expect(length).toBe(theirs.finish().byteLength);
      expect(Buffer.compare(Buffer.concat(pieces), theirs.finish())).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('references large fields and copies small ones', () => {
  const large = new Uint8Array(1 << 20);
  const pieces = new ChunkWriter().bytes(new Uint8Array(10)).bytes(large).bytes(new Uint8Array(10)).finish();
  expect(pieces).toHaveLength(3);
  expect(pieces[1]?.buffer).toBe(large.buffer);
});

test('writes every 64-bit integer so that protobufjs reads it, in as many bytes as it needs', () => {
  const word = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.oneof(word, fc.integer().map(BigInt)), (value) => {
      const bytes = Buffer.concat(new ChunkWriter().int64(value).finish());
      expect(new protobuf.Reader(bytes).int64().toString()).toBe(value.toString());
      const bits = BigInt.asUintN(64, value).toString(2).length;
      expect(bytes.byteLength).toBe(Math.ceil(bits / 7));
    }),
    { numRuns: 1000 },
  );
});

function write(items: readonly Item[], writer: ChunkWriter | protobuf.Writer): void {
  for (const item of items) {
    if ('uint32' in item) writer.uint32(item.uint32);
    else if ('bytes' in item) writer.bytes(new Uint8Array(item.bytes).fill(item.bytes));
    else {
      writer.fork();
      write(item.message, writer);
      writer.ldelim();
    }
  }
}
