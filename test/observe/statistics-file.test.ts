import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Diagnostic, DiagnosticError } from '../../src/diagnostics.ts';
import type { Moments } from '../../src/numerics/index.ts';
import { type NodeFactors, readFactors, writeFactors } from '../../src/observe/factors-file.ts';
import { readMoments, writeMoments } from '../../src/observe/moments-file.ts';
import type { StatisticsOrigin } from '../../src/observe/statistics-file.ts';
import { alteredSafetensors } from '../support/safetensors.ts';

const root = mkdtempSync(path.join(tmpdir(), 'onnx-tucker-statistics-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function save(name: string, pieces: Iterable<Uint8Array>): string {
  const file = path.join(root, name);
  writeFileSync(file, Buffer.concat([...pieces]));
  return file;
}

const origin: StatisticsOrigin = {
  tool: 'onnx-tucker 0.0.0',
  model: { sha256: 'a'.repeat(64) },
  data: { sha256: 'b'.repeat(64), synthetic: false },
  seed: 7,
  samples: 512,
  preprocess: '{"scale":1}',
};

/** Moments of `rows` rows, which are consistent, and of no meaning. */
function someMoments(rows: number, groups: number, inputs: number, outputs: number, slopes = false): Moments {
  const wave = (length: number, phase: number) => Float64Array.from({ length }, (_, k) => Math.sin(k * 1.7 + phase));
  return {
    rows,
    heldBack: undefined,
    groups: Array.from({ length: groups }, (_, g) => {
      const gram = new Float32Array(inputs * inputs);
      const v = wave(inputs, g);
      for (let i = 0; i < inputs; i++) {
        for (let j = 0; j < inputs; j++) gram[i * inputs + j] = (v[i] ?? 0) * (v[j] ?? 0) + (i === j ? 0.1 : 0);
      }
      const varianceY = wave(outputs, g).map((value) => value * value);
      const moments = { meanX: v, meanY: wave(outputs, g + 1), gram, cross: wave(outputs * inputs, g), varianceY };
      // Whole numbers: float32 keeps them.
      const at = (i: number) => Math.floor(i / outputs) + (i % outputs) + g;
      return slopes ? { ...moments, gradients: Float64Array.from({ length: outputs ** 2 }, (_, i) => at(i)) } : moments;
    }),
  };
}

const nodes = [
  { name: 'conv1', moments: someMoments(16_384, 1, 27, 16, true) },
  { name: 'grouped/conv:0', moments: someMoments(16_384, 4, 9, 2) },
  { name: '__proto__', moments: someMoments(100, 1, 1, 1) },
];

async function refusal(call: Promise<unknown>): Promise<Diagnostic> {
  const error = await call.catch((cause: unknown) => cause);
  if (error instanceof DiagnosticError) return error.diagnostic;
  throw new Error(`not refused with a diagnostic: ${String(error)}`);
}

describe('a file of moments', () => {
  test('gives back means, G, variances and what is known of gradients of every node', async () => {
    const read = await readMoments(save('moments.safetensors', writeMoments(origin, nodes)));
    expect(read.origin).toEqual(origin);
    expect(read.nodes).toEqual(nodes.map(({ name }) => name));
    for (const { name, moments } of nodes) {
      const { rows, groups } = moments;
      const stored = groups.map(({ cross, ...kept }) => kept);
      expect(await read.read(name)).toEqual({ rows, groups: stored });
    }
    expect(await read.read('constructor')).toBeUndefined();
  });

  test('is the same, byte by byte, for the same moments, and half the size of G', () => {
    const file = readFileSync(save('one.safetensors', writeMoments(origin, nodes)));
    expect(readFileSync(save('two.safetensors', writeMoments(origin, nodes))).equals(file)).toBe(true);
    const [large] = [someMoments(1000, 1, 300, 2)];
    const pieces = Buffer.concat([...writeMoments(origin, [{ name: 'a', moments: large }])]);
    expect(pieces.length).toBeLessThan(300 * 300 * 4 * 0.55);
  });

  test('is not written for fewer than 16 samples', () => {
    expect(() => writeMoments({ ...origin, samples: 15 }, nodes)).toThrow(/15 samples.*too-few-samples.*at least 16/);
    expect(() => writeMoments({ ...origin, samples: 16 }, nodes)).not.toThrow();
  });

  test('warns where moments span their rows, naming the worst node', () => {
    const seen: Diagnostic[] = [];
    const revealing = [
      { name: 'fine', moments: someMoments(30, 1, 20, 2) },
      { name: 'bad', moments: someMoments(30, 1, 30, 2) },
      { name: 'worst', moments: someMoments(30, 1, 40, 2) },
    ];
    writeMoments(origin, revealing, (warning) => seen.push(warning));
    expect(seen).toMatchObject([{ code: 'revealing-statistics', where: { node: 'worst' } }]);
    writeMoments(origin, nodes, (warning) => seen.push(warning));
    expect(seen).toHaveLength(1);
  });

  const content = (change: (nodes: Record<string, unknown>[]) => unknown) => {
    const described = nodes.map(({ name, moments: { rows, groups } }) => ({
      name,
      rows,
      groups: groups.length,
      inputs: groups[0]?.meanX.length,
      outputs: groups[0]?.meanY.length,
      gradients: groups.every(({ gradients }) => gradients),
    }));
    return JSON.stringify(change(described));
  };
  const changed = (name: string, value: number) => (tensor: string, data: Float64Array | Float32Array) => {
    if (tensor === name) data[0] = value;
    return data;
  };
  test.each<[string, Parameters<typeof alteredSafetensors>[1], Parameters<typeof alteredSafetensors>[2], RegExp]>([
    ['another kind of file', { format: 'pt' }, undefined, /something else/],
    ['a file without a format', { format: undefined }, undefined, /something else/],
    ['a later version', { version: '2' }, undefined, /version 2/],
    ['no version', { version: undefined }, undefined, /version none/],
    ['factors', { kind: 'factors' }, undefined, /holds factors, and moments are wanted/],
    ['an origin that is missing', { origin: undefined }, undefined, /"origin" is missing/],
    ['an origin that is no JSON', { origin: '{' }, undefined, /"origin" is no JSON/],
    ['a hash that is none', { origin: JSON.stringify({ ...origin, model: { sha256: 'x' } }) }, undefined, /sha256/],
    ['an unknown key', { origin: JSON.stringify({ ...origin, date: 'today' }) }, undefined, /date/],
    [
      'no rows',
      { content: content((all) => ({ nodes: all.map((node) => ({ ...node, rows: 0 })) })) },
      undefined,
      /rows/,
    ],
    [
      'too large a node',
      { content: content(() => ({ nodes: [{ name: 'a', rows: 1, groups: 1, inputs: 2 ** 40, outputs: 1 }] })) },
      undefined,
      /inputs/,
    ],
    [
      'a node without tensors',
      { content: content((all) => ({ nodes: [...all, { ...all[0], name: 'more' }] })) },
      undefined,
      /"more\/mean_x" is missing/,
    ],
    [
      'tensors without a node',
      { content: content((all) => ({ nodes: all.slice(1) })) },
      undefined,
      /belongs to no node/,
    ],
    ['a node that stands twice', { content: content((all) => ({ nodes: [...all, ...all] })) }, undefined, /twice/],
    [
      'sizes that differ',
      { content: content((all) => ({ nodes: all.map((node) => ({ ...node, outputs: 3 })) })) },
      undefined,
      /float64\[1, 16\], wanted float64\[1, 3\]/,
    ],
    [
      'a tensor that is missing',
      {},
      (name, data) => (name === 'conv1/variance_y' ? undefined : data),
      /"conv1\/variance_y" is missing/,
    ],
    ['a value that is not a number', {}, changed('conv1/gram_upper', Number.NaN), /not finite/],
    ['an infinite mean', {}, changed('conv1/mean_x', Number.POSITIVE_INFINITY), /not finite/],
    ['a negative variance', {}, changed('conv1/variance_y', -1), /negative/],
    ['negative gradients', {}, changed('conv1/gradients_upper', -1), /negative/],
    ['a negative diagonal', {}, changed('conv1/gram_upper', -1), /negative/],
  ])('is refused with %s', async (_, metadata, change, message) => {
    const file = save('altered.safetensors', alteredSafetensors(writeMoments(origin, nodes), metadata, change));
    const diagnostic = await refusal(readMoments(file).then(({ read }) => read('conv1')));
    expect(diagnostic).toMatchObject({ code: 'invalid-statistics', exitCode: 2, where: { file } });
    expect(diagnostic.message).toMatch(message);
  });

  test('is refused where it is damaged, never believed in part', async () => {
    const whole = Buffer.concat([...writeMoments(origin, nodes)]);
    const header = Number(whole.readBigUInt64LE()) + 8;
    await fc.assert(
      fc.asyncProperty(fc.nat(header - 1), fc.nat(255), async (at, byte) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        const call = readMoments(save('fuzz.safetensors', [bytes])).then(({ read }) => read('conv1'));
        const outcome = await call.then(
          () => 'read',
          (cause: unknown) => (cause instanceof DiagnosticError ? cause.diagnostic.code : String(cause)),
        );
        expect(outcome).toMatch(/^(read|unreadable-data|invalid-statistics)$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a file of factors', () => {
  const fitted: NodeFactors[] = [
    {
      name: 'conv1',
      method: 'cp',
      ranks: { R: 2 },
      errors: { predicted: 0.01, heldBack: 0.012 },
      factors: new Map([
        ['A', { data: new Float64Array([1, 2, 3, Math.PI]), dims: [2, 2] }],
        ['K', { data: new Float32Array([0.5, 0.25]), dims: [2, 1] }],
      ]),
      bias: { data: new Float64Array([0.1]), dims: [1] },
    },
    {
      name: 'fc/1',
      method: 'svd',
      ranks: { R: 1 },
      errors: { predicted: 0.2, heldBack: null },
      factors: new Map([['U', { data: new Float64Array([1]), dims: [1, 1] }]]),
      bias: undefined,
    },
  ];
  const plan = { version: 1, nodes: [{ name: 'conv1' }] };

  test('gives back factors, bias, ranks, errors and the plan', async () => {
    const read = await readFactors(save('factors.safetensors', writeFactors(origin, plan, fitted)));
    expect(read).toMatchObject({ origin, plan, nodes: ['conv1', 'fc/1'] });
    for (const node of fitted) expect(await read.read(node.name)).toEqual(node);
    expect(await read.read('conv2')).toBeUndefined();
  });

  test('is no file of moments, and moments are no factors', async () => {
    const factors = save('f.safetensors', writeFactors(origin, plan, fitted));
    expect(await refusal(readMoments(factors))).toMatchObject({ code: 'invalid-statistics', exitCode: 2 });
    const moments = save('m.safetensors', writeMoments(origin, nodes));
    expect((await refusal(readFactors(moments))).message).toContain('it holds moments, and factors are wanted');
  });

  test.each<[string, Parameters<typeof alteredSafetensors>[2], RegExp]>([
    ['a factor that is missing', (name, data) => (name === 'conv1/A' ? undefined : data), /"conv1\/A" is missing/],
    [
      'a factor of another type',
      (name, data) => (name === 'conv1/A' ? Float32Array.from(data) : data),
      /float32\[2, 2\], wanted float64/,
    ],
    [
      'a bias that is not finite',
      (name, data) => (name === 'conv1/=bias' ? data.fill(Number.NaN) : data),
      /not finite/,
    ],
  ])('is refused with %s', async (_, change, message) => {
    const file = save(
      'altered-factors.safetensors',
      alteredSafetensors(writeFactors(origin, plan, fitted), {}, change),
    );
    const diagnostic = await refusal(readFactors(file).then(({ read }) => read('conv1')));
    expect(diagnostic).toMatchObject({ code: 'invalid-statistics', exitCode: 2, where: { file } });
    expect(diagnostic.message).toMatch(message);
  });
});
