import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attribute, fromFloat64, type Model } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { readModel, writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions, observe, plan, verify } from '../../src/pipeline/index.ts';
import { parseRanges, printRanges } from '../../src/rewrite/kept-ranges.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { residualDims as dims, residualNetwork } from '../support/residual-network.ts';
import { ModelBuilder } from '../support/small-models.ts';

let folder = '';
let data = '';
let others = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pruned-by-data-'));
  data = join(folder, 'images.npy');
  others = join(folder, 'others.npy');
  await writeFile(data, npyBytes(randomSamples(96, dims), [96, ...dims]));
  await writeFile(others, npyBytes(randomSamples(96, dims, 1), [96, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const base: EngineOptions = { bench: false, requireGain: 'none', samples: 64 };
const model = () => writeModel(residualNetwork());

function pruned(passes: string, options: EngineOptions = {}) {
  return compress(model(), { ...base, pipeline: passes, calibrate: data, ...options });
}

/** Filters of each convolution. */
function filters(bytes: Uint8Array): Readonly<Record<string, number>> {
  const { nodes } = readModel(bytes).graph;
  return Object.fromEntries(
    nodes.flatMap((node) => (node.is('Conv') ? [[node.name, node.inputs[1]?.tensor?.dims[0] ?? 0]] : [])),
  );
}

async function errorOf(bytes: Uint8Array): Promise<number> {
  const { verification } = await verify(model(), bytes, { evaluate: others });
  return verification.approximate?.outputError ?? Number.NaN;
}

const quarter = (criterion: string) => `prune-filters{ratio=0.25,criterion=${criterion}}`;

describe('filters chosen by data', () => {
  test('go from all that share their channels, and the whole model is proved', async () => {
    const { report, bytes, plan: made } = await pruned(quarter('obs'));
    expect(filters(bytes())).toEqual({ stem: 10, inner: 12, outer: 10, depthwise: 10, grouped: 6, last: 10 });
    expect(report.verification.exact?.ok).toBe(true);
    expect(made.pruned.map(({ group, of }) => [group, of])).toEqual([
      // Both groups of the grouped convolution lose the same places: two filters count as one.
      ['stem', 6],
      ['inner', 16],
      ['grouped', 4],
    ]);
    for (const { loss } of made.pruned) expect(loss).toBeGreaterThan(0);
  });

  test('lose less than those of smallest norm, and readers fitted anew less than those left alone', async () => {
    const { bytes: alone } = await compress(model(), { ...base, pipeline: quarter('l2') });
    const [asTheyAre, byNorm, byEnergy, byRepair] = await Promise.all([
      errorOf(alone()),
      pruned(quarter('l2')).then(({ bytes }) => errorOf(bytes())),
      pruned(quarter('activation')).then(({ bytes }) => errorOf(bytes())),
      pruned(quarter('obs')).then(({ bytes }) => errorOf(bytes())),
    ]);
    expect(byNorm).toBeLessThan(0.8 * asTheyAre);
    expect(byRepair).toBeLessThan(byNorm);
    expect(byRepair).toBeLessThanOrEqual(byEnergy);
  });

  test('are those of obs where there are data and nobody said which', async () => {
    const { bytes } = await pruned('prune-filters{ratio=0.25}');
    expect(Buffer.compare(bytes(), (await pruned(quarter('obs'))).bytes())).toBe(0);
  });

  test('tell of each reader how near it comes to what it gave before', async () => {
    const { report } = await pruned(quarter('obs'));
    const judged = report.nodes.filter(({ outputError }) => outputError !== null);
    // Depthwise filters go with their inputs: there is nothing to make up for.
    expect(judged.map(({ name }) => name)).toEqual(['inner', 'outer', 'grouped', 'last', 'classifier']);
    for (const { method, outputError, after, before } of judged) {
      expect(method).toBeNull();
      expect(outputError?.predicted).toBeLessThan(0.5);
      expect(after?.params).toBeLessThan(before?.params ?? 0);
    }
  });

  test('and factorization go together: nodes are fitted to the unpruned original', async () => {
    const methods = 'ratio-ranks{params=0.6,ends=fit},tucker-2,svd';
    const { report, bytes } = await pruned(`${quarter('obs')},${methods}`);
    expect(report.nodes.filter(({ method }) => method !== null).length).toBeGreaterThan(3);
    expect(report.verification.exact?.ok).toBe(true);
    const { bytes: without } = await compress(model(), { ...base, pipeline: `${quarter('l2')},${methods}` });
    expect(await errorOf(bytes())).toBeLessThan(await errorOf(without()));
  });

  test('without data are refused, with what to do', async () => {
    for (const criterion of ['obs', 'activation'])
      await expect(compress(model(), { ...base, pipeline: quarter(criterion) })).rejects.toMatchObject({
        diagnostic: { code: 'usage', hint: expect.stringContaining('--calibrate') },
      });
  });

  test('are the same with one thread and two', async () => {
    const [one, two] = [await pruned(quarter('obs')), await pruned(quarter('obs'), { threads: 2 })];
    expect(Buffer.compare(one.bytes(), two.bytes())).toBe(0);
  });
});

/** A wide layer in which each filter has three others that are nearly the same, and two layers that read it. */
function redundantNetwork(): Model {
  const [filters, size] = [24, 3 * 9];
  const random = seededRandom(3, 'redundant');
  const kinds = random.normals((filters / 4) * size);
  const noise = random.normals(filters * size);
  const weights = noise.map((value, at) => {
    const kind = Math.floor(at / size) % (filters / 4);
    return 0.3 * ((kinds[kind * size + (at % size)] as number) + 0.02 * value);
  });
  return new ModelBuilder({ opset: 17 })
    .input('x', ['N', ...dims])
    .tensor('w0', fromFloat64(weights, [filters, 3, 3, 3], 'float32'))
    .random('b0', [filters], { scale: 0.01 })
    .random('w1', [12, filters, 3, 3], { scale: 0.1 })
    .random('w2', [12 * 36, 5], { scale: 0.1 })
    .node('Conv', ['x', 'w0', 'b0'], 'c0', [attribute.ints('pads', [1, 1, 1, 1])], 'wide')
    .node('Relu', ['c0'], 'r0')
    .node('Conv', ['r0', 'w1'], 'c1', [], 'reader')
    .node('Relu', ['c1'], 'r1')
    .node('Flatten', ['r1'], 'f')
    .node('MatMul', ['f', 'w2'], 'y', [], 'classifier')
    .output('y').model;
}

describe('a goal', () => {
  const redundant = () => writeModel(redundantNetwork());
  const goal: EngineOptions = { targets: ['macs=0.3x'], calibrate: data, samples: 64, bench: false, effort: 'fast' };
  const reached = (options: EngineOptions = {}) => compress(redundant(), { ...goal, calibrate: data, ...options });

  test('takes filters where that loses less than factorizing alone, and says which', async () => {
    const [both, alone] = [await reached(), await reached({ skipPasses: ['prune-filters'] })];
    expect(both.plan.pruned.map(({ group }) => group)).toContain('wide');
    for (const { report } of [both, alone]) {
      expect(report.targets[0]?.met).toBe(true);
      expect(report.verification.exact?.ok).toBe(true);
    }
    const errors = [both, alone].map(({ report }) => report.verification.approximate?.outputError ?? Number.NaN);
    expect(errors[0]).toBeLessThan(errors[1] as number);
    const applied = await apply(redundant(), both.plan, { calibrate: data, bench: false });
    expect(Buffer.compare(applied.bytes(), both.bytes())).toBe(0);
  });

  test('can be reached by filters alone', async () => {
    const { targets: _, ...rest } = goal;
    for (const wish of [{ targets: ['macs=0.5x'] }, { maxError: 0.02 }]) {
      const pipeline = 'fuse-batch-norm,prune-filters,eliminate-dead-nodes';
      const { report, plan: made } = await compress(redundant(), { ...rest, ...wish, calibrate: data, pipeline });
      expect(report.targets.every(({ met }) => met)).toBe(true);
      expect(made.pruned.length).toBeGreaterThan(0);
      expect(report.output.macs).toBeLessThan(0.75 * (report.input.macs ?? 0));
      expect(made.nodes.every(({ method }) => method === null)).toBe(true);
    }
  });

  test('leaves the filters of a network that needs them all', async () => {
    const { plan: made } = await compress(model(), { ...goal, targets: ['macs=0.8x'], calibrate: data });
    expect(made.pruned).toEqual([]);
    expect(made.nodes.some(({ method }) => method !== null)).toBe(true);
  });
});

describe('a plan that prunes', () => {
  test('gives on apply the bytes of the run', async () => {
    const pipeline = `${quarter('obs')},ratio-ranks{params=0.7},tucker-2`;
    const { bytes } = await pruned(pipeline);
    const made = await plan(model(), { ...base, pipeline, calibrate: data });
    const applied = await apply(model(), made, { calibrate: data, bench: false });
    expect(Buffer.compare(applied.bytes(), bytes())).toBe(0);
  });

  test('can be edited: what it keeps stays', async () => {
    const made = await plan(model(), { ...base, pipeline: quarter('l1') });
    const edited = made.pruned.map((entry) => (entry.group === 'inner' ? { ...entry, kept: '0-2,9' } : entry));
    const { bytes } = await apply(model(), { ...made, pruned: edited }, { bench: false });
    const written = readModel(bytes()).graph.nodes.find(({ name }) => name === 'inner')?.inputs[1]?.tensor;
    expect(written?.dims[0]).toBe(4);
    const { bytes: whole } = await apply(model(), { ...made, pruned: [] }, { bench: false });
    expect(filters(whole())).toEqual(filters(model()));
  });

  test.each([
    ['a group that is not there', { group: 'nobody' }, 'nobody'],
    ['more filters than there are', { kept: '0-99' }, '0-99'],
    ['no list', { kept: 'some' }, 'some'],
    ['another number of filters', { of: 5 }, 'of 5'],
  ])('with %s is refused', async (_, edit, named) => {
    const made = await plan(model(), { ...base, pipeline: quarter('l1') });
    const edited = made.pruned.map((entry) => ({ ...entry, ...edit }));
    const applied = apply(model(), { ...made, pruned: edited }, { bench: false });
    await expect(applied).rejects.toMatchObject({ diagnostic: { message: expect.stringContaining(named) } });
  });

  test('carries its new weights in a file of factors to where the data may not go', async () => {
    const pipeline = quarter('obs');
    const made = await plan(model(), { ...base, pipeline, calibrate: data });
    const file = join(folder, 'factors.safetensors');
    await (await observe(model(), { calibrate: data, samples: 64 }, made)).writeTo(file);
    const { bytes } = await apply(model(), made, { statistics: file, bench: false, refit: true });
    const { bytes: here } = await apply(model(), made, { calibrate: data, bench: false });
    expect(Buffer.compare(bytes(), here())).toBe(0);
  });

  test('is made from moments alone', async () => {
    const file = join(folder, 'moments.safetensors');
    await (await observe(model(), { calibrate: data, samples: 64 })).writeTo(file);
    const { report, plan: made } = await compress(model(), { ...base, pipeline: quarter('obs'), statistics: file });
    expect(made.pruned).toHaveLength(3);
    expect(report.nodes.filter(({ outputError }) => outputError !== null)).toHaveLength(5);
  });
});

describe('lists of kept filters', () => {
  test('are read as they are written', () => {
    for (const numbers of [[0], [0, 1, 2, 5, 7, 8], [3, 4]]) expect(parseRanges(printRanges(numbers))).toEqual(numbers);
    expect(printRanges([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  });

  test.each(['', '3-1', '2,1', '1,1', 'a', '1-', '0-9999999'])('"%s" is none', (text) => {
    expect(parseRanges(text)).toBeUndefined();
  });
});
