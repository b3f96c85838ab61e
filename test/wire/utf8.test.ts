import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8 } from '../../src/wire/utf8.ts';

test('any bytes survive as a string', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect([...encodeUtf8(decodeUtf8(bytes))]).toEqual([...bytes]);
    }),
    { numRuns: 2000 },
  );
});

test('valid UTF-8 reads as what it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeUtf8(Buffer.from(text))).toBe(text);
    }),
  );
});

test('Latin-1, cut-off sequences and encoded surrogates survive', () => {
  for (const bytes of [[0xe9], [0xc3], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0x41, 0xff, 0xc3, 0xa9]]) {
    expect([...encodeUtf8(decodeUtf8(Uint8Array.from(bytes)))]).toEqual(bytes);
  }
});
