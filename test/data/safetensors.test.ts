import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSafetensors, type SafetensorsTensor, safetensorsPieces } from '../../src/data/safetensors.ts';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { dataFolder, refusal } from './data-files.ts';

const folder = dataFolder();

function tensor(
  name: string,
  dtype: SafetensorsTensor['dtype'],
  dims: number[],
  data: ArrayBufferView,
): SafetensorsTensor {
  return { name, dtype, dims, bytes: () => new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function save(name: string, tensors: readonly SafetensorsTensor[], metadata: Record<string, string> = {}) {
  return folder.write(name, Buffer.concat([...safetensorsPieces(tensors, new Map(Object.entries(metadata)))]));
}

/** A file by hand: what a careful writer would not write. */
function raw(header: unknown, data = 0, length?: bigint) {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([prefix, text, Buffer.alloc(data)]);
}

/** How reading all of a file ends. */
async function outcome(file: string): Promise<string> {
  try {
    const { tensors, read } = await openSafetensors(file);
    for (const name of tensors.keys()) await read(name);
    return 'read';
  } catch (cause) {
    return cause instanceof DiagnosticError ? cause.diagnostic.code : String(cause);
  }
}

const f32 = (begin: number, end: number, shape: number[]) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('safetensors', () => {
  const some = () => [
    tensor('b', 'float32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6.5])),
    tensor('a', 'float64', [], new Float64Array([Math.PI])),
    tensor('half', 'float16', [3], new Uint16Array([0x3c00, 0xc000, 0x3800])),
    tensor('brain', 'bfloat16', [2], new Uint16Array([0x3f80, 0xc000])),
    tensor('Größe/weight', 'int64', [1], new BigInt64Array([-5n])),
    tensor('flags', 'bool', [3], new Uint8Array([1, 0, 1])),
    tensor('nothing', 'float32', [0, 7], new Float32Array()),
  ];

  test('gives back what was written', async () => {
    const { tensors, metadata, read } = await openSafetensors(
      save('some.safetensors', some(), { format: 'x', a: '"' }),
    );
    expect(Object.fromEntries(metadata)).toEqual({ format: 'x', a: '"' });
    expect(tensors.get('b')).toMatchObject({ dtype: 'float32', dims: [2, 3] });
    expect(await read('b')).toEqual(new Float32Array([1, 2, 3, 4, 5, 6.5]));
    expect(await read('a')).toEqual(new Float64Array([Math.PI]));
    expect(await read('half')).toEqual(new Float32Array([1, -2, 0.5]));
    expect(await read('brain')).toEqual(new Float32Array([1, -2]));
    expect(await read('Größe/weight')).toEqual(new BigInt64Array([-5n]));
    expect(await read('flags')).toEqual(new Uint8Array([1, 0, 1]));
    expect(await read('nothing')).toEqual(new Float32Array());
  });

  test('writes the same bytes for any order, every tensor aligned to its elements', async () => {
    const file = save('order.safetensors', some());
    const again = save('order-2.safetensors', some().reverse());
    expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
    expect(readFileSync(file).readBigUInt64LE() % 8n).toBe(0n);
    for (const { offset, dtype } of (await openSafetensors(file)).tensors.values()) {
      if (dtype === 'float64' || dtype === 'int64') expect(offset % 8).toBe(0);
      if (dtype === 'float32') expect(offset % 4).toBe(0);
    }
  });

  test('reads and writes the bytes of the reference implementation', async () => {
    // safetensors 0.8.0 (PyPI): save({'w': [[1, 2], [3, 4]] float32, 'i': [7] uint8, 'd': 0.5}, {'who': 'numpy'})
    const reference = Buffer.from(
      'yAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJ3aG8iOiJudW1weSJ9LCJkIjp7ImR0eXBlIjoiRjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMi' +
        'OlswLDhdfSwidyI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMiwyXSwiZGF0YV9vZmZzZXRzIjpbOCwyNF19LCJpIjp7ImR0eXBlIjoiVTgiLCJz' +
        'aGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOlsyNCwyNV19fSAgICAgIAAAAAAAAOA/AACAPwAAAEAAAEBAAACAQAc=',
      'base64',
    );
    const { read, metadata } = await openSafetensors(folder.write('reference.safetensors', reference));
    expect(metadata.get('who')).toBe('numpy');
    expect(await read('w')).toEqual(new Float32Array([1, 2, 3, 4]));
    const tensors = [
      tensor('w', 'float32', [2, 2], new Float32Array([1, 2, 3, 4])),
      tensor('i', 'uint8', [1], new Uint8Array([7])),
      tensor('d', 'float64', [], new Float64Array([0.5])),
    ];
    expect(readFileSync(save('ours.safetensors', tensors, { who: 'numpy' })).equals(reference)).toBe(true);
  });

  const malformed: [string, Uint8Array, RegExp][] = [
    ['an empty file', Buffer.alloc(0), /no safetensors file/],
    ['a length alone', raw('', 0, 2n), /ends within its header/],
    ['a header longer than the file', raw('{}', 0, 3n), /ends within its header/],
    ['a header of 2^63 bytes', raw('{}', 0, 2n ** 63n), /a header of 9223372036854775808 bytes/],
    ['a header of 100 MB and one byte', raw('{}', 0, 100_000_001n), /a header of 100000001 bytes/],
    ['a header that is no JSON', raw('{"a":'), /JSON/],
    ['a header that is a list', raw('[]'), /no JSON object/],
    ['a header behind spaces', raw(' {}'), /no JSON object/],
    ['a header that is no UTF-8', Buffer.concat([raw('', 0, 3n), Buffer.of(0x7b, 0xff, 0x7d)]), /encoded data|utf-8/i],
    ['metadata that are no texts', raw({ __metadata__: { a: 1 } }), /"__metadata__".*a.*string/],
    ['an unknown element type', raw({ a: { dtype: 'F7', shape: [], data_offsets: [0, 4] } }, 4), /"a".*dtype/],
    ['an unknown key', raw({ a: { ...f32(0, 4, [1]), stride: 1 } }, 4), /"a".*stride/],
    ['a negative dim', raw({ a: f32(0, 4, [-1]) }, 4), /"a".*shape/],
    ['a fractional dim', raw({ a: f32(0, 4, [1.5]) }, 4), /"a".*shape/],
    ['a negative offset', raw({ a: f32(-4, 0, [1]) }, 4), /data_offsets/],
    ['an offset beyond 2^53', raw({ a: f32(0, 2 ** 60, [1]) }, 4), /data_offsets/],
    ['offsets the wrong way round', raw({ a: f32(4, 0, [1]) }, 4), /-4 bytes/],
    ['a size that is not dtype × shape', raw({ a: f32(0, 8, [1]) }, 8), /8 bytes, and F32\[1\] takes 4/],
    ['dims whose product overflows', raw({ a: f32(0, 0, [2 ** 40, 2 ** 40, 2 ** 40]) }), /takes/],
    ['a tensor past the end', raw({ a: f32(0, 8, [2]) }, 4), /promises 8 bytes of data and has 4/],
    ['bytes after the last tensor', raw({ a: f32(0, 4, [1]) }, 5), /bytes 4 to 5/],
    ['a hole', raw({ a: f32(0, 4, [1]), b: f32(8, 12, [1]) }, 12), /bytes 4 to 8/],
    ['a hole at the start', raw({ a: f32(4, 8, [1]) }, 8), /bytes 0 to 4/],
    ['tensors that overlap', raw({ a: f32(0, 8, [2]), b: f32(4, 12, [2]) }, 12), /"b" overlaps/],
    ['tensors in one place', raw({ a: f32(0, 4, [1]), b: f32(0, 4, [1]) }, 4), /overlaps/],
  ];
  test.each(malformed)('refuses %s', async (_, bytes, message) => {
    const {
      code,
      exitCode,
      where,
      message: text,
    } = await refusal(openSafetensors(folder.write('bad.safetensors', bytes)));
    expect({ code, exitCode, file: where?.file }).toEqual({
      code: 'unreadable-data',
      exitCode: 7,
      file: path.join(folder.root, 'bad.safetensors'),
    });
    expect(text).toMatch(message);
  });

  test('refuses a missing file, a folder, and a tensor that is not there', async () => {
    expect(await refusal(openSafetensors(path.join(folder.root, 'none')))).toMatchObject({ code: 'unreadable-data' });
    expect(await refusal(openSafetensors(folder.root))).toMatchObject({ code: 'unreadable-data', exitCode: 7 });
    const { read } = await openSafetensors(save('one.safetensors', some()));
    expect(await refusal(read('c'))).toMatchObject({
      code: 'unreadable-data',
      message: expect.stringContaining('"c"'),
    });
  });

  test('says so when the file became shorter since it was opened', async () => {
    const file = save('shrinks.safetensors', some());
    const { read } = await openSafetensors(file);
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    expect(await refusal(read('b'))).toMatchObject({ code: 'unreadable-data', exitCode: 7 });
  });

  test('refuses to write two tensors of one name, and bytes of another size', () => {
    const one = tensor('a', 'float32', [1], new Float32Array(1));
    expect(() => [...safetensorsPieces([one, one], new Map())]).toThrow('taken');
    expect(() => [...safetensorsPieces([{ ...one, dims: [2] }], new Map())]).toThrow('4 bytes');
  });

  test('meets any damage with a diagnostic or a whole file', async () => {
    const whole = readFileSync(save('whole.safetensors', some(), { a: 'b' }));
    const change = fc.record({ at: fc.nat(whole.readUInt32LE() + 12), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), async (changes, cut) => {
        const bytes = Buffer.from(cut % 4 === 0 ? whole.subarray(0, cut) : whole);
        for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
        expect(await outcome(folder.write('fuzz.safetensors', bytes))).toMatch(/^(read|unreadable-data)$/);
      }),
      { numRuns: 1000 },
    );
  });
});
