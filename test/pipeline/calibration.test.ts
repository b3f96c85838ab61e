import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromFloat64, type Tensor } from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { apply, compress, type EngineOptions, observe, plan, verify } from '../../src/pipeline/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';
import { ModelBuilder } from '../support/small-models.ts';

let folder = '';
let data = '';
let otherData = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calibration-test-'));
  data = join(folder, 'images.npy');
  otherData = join(folder, 'others.npy');
  await writeFile(data, npyBytes(randomSamples(96, dims), [96, ...dims]));
  await writeFile(otherData, npyBytes(randomSamples(96, dims, 1), [96, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const base: EngineOptions = { bench: false, requireGain: 'none', samples: 64 };
const halves = 'ratio-ranks{params=0.5,ends=fit},tucker-2,svd';

function calibrated(pipeline: string, options: EngineOptions = {}) {
  return compress(writeModel(everyOperator()), { ...base, pipeline, calibrate: data, ...options });
}

describe('calibrated rewriting', () => {
  test.each(['tucker-2', 'channel-svd', 'spatial-svd', 'tensor-train'])(
    'reproduces the original at full rank with %s',
    async (method) => {
      const ranks = fullRanks(method);
      const { report, bytes } = await calibrated(`ratio-ranks{params=1,ends=fit},${method}`, {
        ranks,
        include: Object.keys(ranks),
      });
      const rewritten = report.nodes.filter((node) => node.method !== null);
      expect(rewritten).toHaveLength(3);
      // Moments are float32: W* is W up to rounding over the ridge.
      for (const { outputError } of rewritten) expect(outputError?.predicted).toBeLessThan(1e-5);
      const { verification } = await verify(writeModel(everyOperator()), bytes(), { evaluate: data });
      expect(verification.approximate?.outputError).toBeLessThan(1e-5);
    },
  );

  test('tells for every node the predicted error and one on rows that the fit has not seen', async () => {
    const { report } = await calibrated(halves);
    const names = report.nodes.filter(({ method }) => method !== null).map(({ name }) => name);
    expect(names).toEqual(['conv', 'before-add', 'grouped', 'transposed', 'pointwise', 'gemm', 'matmul']);
    for (const { name, outputError } of report.nodes) {
      expect([name, outputError?.predicted]).toEqual([name, expect.any(Number)]);
      if (name === 'gemm' || name === 'matmul') continue;
      const { predicted, measured } = outputError ?? { predicted: 0, measured: null };
      // Hundreds of rows judge a convolution: the estimates are of one size.
      expect(Math.abs((measured ?? Number.NaN) - predicted)).toBeLessThan(0.05 + 0.3 * predicted);
    }
    expect(report.verification.exact?.ok).toBe(true);
    expect(report.verification.approximate?.inputs).toBe('held-back');
    expect(report.calibration).toMatchObject({ kind: 'data', samples: 64, symmetric: false });
    expect(report.reproduce.command).toContain(`--calibrate '${data}' --samples 64 --effort normal`);
  });

  test('keeps more than fits to the weights, and more on inputs of the rewritten model than on the original’s', async () => {
    const error = async (options: EngineOptions) => {
      const { bytes } = await calibrated(halves, options);
      const { verification } = await verify(writeModel(everyOperator()), bytes(), { evaluate: otherData });
      return verification.approximate?.outputError ?? Number.NaN;
    };
    const { bytes: fromWeights } = await compress(writeModel(everyOperator()), { ...base, pipeline: halves });
    const alone = await verify(writeModel(everyOperator()), fromWeights(), { evaluate: otherData });
    const [bias, symmetric, asymmetric] = [
      await error({ fitMode: 'bias' }),
      await error({ fitMode: 'symmetric' }),
      await error({}),
    ];
    expect(bias).toBeLessThan(alone.verification.approximate?.outputError ?? 0);
    expect(symmetric).toBeLessThan(bias);
    expect(asymmetric).toBeLessThan(symmetric);
  });

  test('gives up the channels that nobody reads, however large they are', async () => {
    const model = halfReadModel();
    const error = async (fitMode: 'channels' | 'symmetric') => {
      const file = join(folder, 'vectors.npy');
      await writeFile(file, npyBytes(randomSamples(96, [8, 3, 3]), [96, 8, 3, 3]));
      const { bytes } = await compress(model, {
        ...base,
        pipeline: 'fixed-ranks,svd',
        ranks: { wide: [4] },
        fitMode,
        calibrate: file,
      });
      const { verification } = await verify(model, bytes(), { evaluate: file });
      return verification.approximate?.outputError ?? Number.NaN;
    };
    // Of a 1×1 convolution the covariance of channels is that of patches: what differs is how outputs count.
    expect(await error('symmetric')).toBeLessThan(0.1 * (await error('channels')));
  });

  test('gives the same bytes with one thread and two, in memory and from files', async () => {
    const first = await calibrated(halves);
    for (const options of [{ threads: 2 }, { memory: 2 ** 28 }] as const)
      expect(Buffer.compare((await calibrated(halves, options)).bytes(), first.bytes())).toBe(0);
  });
});

/** A 1×1 convolution to eight channels of which four are three times as large as the others, and hardly read. */
function halfReadModel(): Uint8Array {
  const orthogonal = Float64Array.from({ length: 64 }, (_, i) => hadamard(Math.floor(i / 8), i % 8) * (i < 32 ? 3 : 1));
  const read = fromFloat64([1e-3, 1e-3, 1e-3, 1e-3, 1, 1, 1, 1], [1, 8, 1, 1], 'float32');
  return writeModel(
    new ModelBuilder()
      .input('x', ['N', 8, 3, 3])
      .tensor('w', fromFloat64(orthogonal, [8, 8, 1, 1], 'float32'))
      .tensor('read', read)
      .node('Conv', ['x', 'w'], 'y', [], 'wide')
      .node('Mul', ['y', 'read'], 'z')
      .output('z').model,
  );
}

/** 1 or −1: rows of different numbers are orthogonal (Sylvester). */
function hadamard(row: number, column: number): number {
  let bits = row & column;
  let sign = 1;
  for (; bits > 0; bits &= bits - 1) sign = -sign;
  return sign;
}

/** Ranks at which each method reproduces the 3×3 kernels of the model. */
function fullRanks(method: string): Readonly<Record<string, readonly number[]>> {
  switch (method) {
    case 'tucker-2':
      return { conv: [6, 12], 'before-add': [12, 12], transposed: [12, 8] };
    case 'channel-svd':
      return { conv: [12], 'before-add': [12], transposed: [8] };
    case 'spatial-svd':
      return { conv: [18], 'before-add': [36], transposed: [16] };
    case 'tensor-train':
      return { conv: [6, 18, 12], 'before-add': [12, 36, 12], transposed: [12, 16, 8] };
    default:
      throw new Error(method);
  }
}

describe('a plan with data', () => {
  test('gives on apply the bytes of the run, with the same data', async () => {
    const model = writeModel(everyOperator());
    const options = { ...base, pipeline: halves, calibrate: data };
    const chosen = await plan(model, options);
    expect(chosen.evidence).toMatchObject({ kind: 'data', samples: 64, effort: 'normal', mode: 'asymmetric' });
    expect(chosen.nodes.every(({ outputError }) => outputError !== null)).toBe(true);
    const [run, applied] = [await compress(model, options), await apply(model, chosen, { ...base, calibrate: data })];
    expect(Buffer.compare(run.bytes(), applied.bytes())).toBe(0);
  });

  test('is refused with other data or none, unless --refit', async () => {
    const model = writeModel(everyOperator());
    const chosen = await plan(model, { ...base, pipeline: halves, calibrate: data });
    await expect(apply(model, chosen, { ...base, calibrate: otherData })).rejects.toThrow(/other calibration data/);
    await expect(apply(model, chosen, base)).rejects.toThrow(/there are none/);
    const { plan: carried } = await apply(model, chosen, { ...base, calibrate: otherData, refit: true });
    expect(carried.evidence).not.toEqual(chosen.evidence);
  });

  test('made from the weights is refused with data', async () => {
    const model = writeModel(everyOperator());
    const chosen = await plan(model, { ...base, pipeline: halves });
    await expect(apply(model, chosen, { ...base, calibrate: data })).rejects.toThrow(/weights alone/);
  });
});

describe('statistics', () => {
  test('give the fits that the original’s inputs give', async () => {
    const model = writeModel(everyOperator());
    const file = join(folder, 'stats.safetensors');
    await (await observe(model, { ...base, calibrate: data })).writeTo(file);
    const { bytes, report } = await compress(model, { ...base, pipeline: halves, statistics: file });
    expect(report.calibration).toMatchObject({ kind: 'statistics', symmetric: true, samples: 64 });
    const { verification } = await verify((await calibrated(halves, { fitMode: 'symmetric' })).bytes(), bytes(), {
      evaluate: data,
    });
    expect(verification.approximate?.outputError).toBeLessThan(1e-4);
  });

  test('of another model are refused', async () => {
    const file = join(folder, 'stats-of-another.safetensors');
    await (await observe(writeModel(everyOperator()), { ...base, calibrate: data })).writeTo(file);
    const other = everyOperator();
    other.graph.name = 'another';
    await expect(compress(writeModel(other), { ...base, pipeline: halves, statistics: file })).rejects.toThrow(
      /another model/,
    );
  });

  test('beside data are one too many', async () => {
    await expect(calibrated(halves, { statistics: 'stats.safetensors' })).rejects.toThrow(/use one of them/);
  });

  test('of a plan’s factors give the bytes that the data give', async () => {
    const model = writeModel(everyOperator());
    const chosen = await plan(model, { ...base, pipeline: halves, calibrate: data });
    const file = join(folder, 'factors.safetensors');
    const written = await observe(model, { ...base, calibrate: data }, chosen);
    await written.writeTo(file);
    expect(written.nodes).toHaveLength(7);
    const there = await apply(model, chosen, { ...base, calibrate: data });
    const here = await apply(model, chosen, { ...base, statistics: file });
    expect(Buffer.compare(here.bytes(), there.bytes())).toBe(0);
    expect(here.report.calibration?.kind).toBe('factors');
    expect(here.report.nodes.map(({ outputError }) => outputError)).toEqual(
      there.report.nodes.map(({ outputError }) => outputError),
    );
  });

  test('are never written over what is there', async () => {
    const file = join(folder, 'there.safetensors');
    await writeFile(file, 'precious');
    const written = await observe(writeModel(everyOperator()), { ...base, calibrate: data });
    await expect(written.writeTo(file)).rejects.toThrow(/exists/);
    expect(await readFile(file, 'utf8')).toBe('precious');
    expect(existsSync(file)).toBe(true);
  });

  test('need data', async () => {
    await expect(observe(writeModel(everyOperator()), base)).rejects.toThrow(/nothing to observe/);
  });
});

describe('without data', () => {
  test('asks for preprocessing where synthetic images are wanted', async () => {
    const model = new ModelBuilder()
      .input('x', ['N', 3, 12, 12])
      .random('w', [16, 3, 3, 3])
      .node('Conv', ['x', 'w'], 'y', [], 'conv')
      .output('y').model;
    await expect(compress(writeModel(model), { ...base, pipeline: halves, calibrate: 'synthetic' })).rejects.toThrow(
      /imagenet, tf, raw/,
    );
  });

  test('fits the preset to synthetic images where preprocessing is known, and says so', async () => {
    const model = new ModelBuilder()
      .input('x', ['N', 3, 12, 12])
      .random('w1', [24, 3, 3, 3], { scale: 0.3 })
      .tensor('w2', ofRank(6, [24, 24, 3, 3]))
      .node('Conv', ['x', 'w1'], 'c', [], 'stem')
      .node('Relu', ['c'], 'r')
      .node('Conv', ['r', 'w2'], 'y', [], 'conv')
      .output('y').model;
    const lines: string[] = [];
    const options: EngineOptions = {
      bench: false,
      samples: 64,
      preprocess: 'tf',
      onEvent: (event) => event.kind === 'stage' && event.text && lines.push(event.text),
    };
    const { report } = await compress(writeModel(model), options);
    expect(report.calibration?.kind).toBe('synthetic');
    expect(lines.join('\n')).toMatch(/64 samples, synthetic, prepared by --preprocess/);
    expect(report.output.bytes).toBeLessThan(report.input.bytes);
    expect(report.verification.approximate?.outputError).toBeLessThan(0.02);
  });

  test('stays with the weights where it is not, and says so', async () => {
    const lines: string[] = [];
    const { report } = await compress(writeModel(everyOperator()), {
      bench: false,
      onEvent: (event) => event.kind === 'stage' && event.text && lines.push(event.text),
    });
    expect(report.calibration).toBeNull();
    expect(lines.join('\n')).toMatch(/no data, fits rest on the weights alone/);
  });
});

/** A weight [T, …] whose rows are sums of a few: one that factorizing makes smaller. */
function ofRank(rank: number, dims: readonly number[]): Tensor {
  const [rows = 1, ...others] = dims;
  const columns = others.reduce((product, size) => product * size, 1);
  const [left, right] = ['left', 'right'].map((name, at) =>
    seededRandom(2, name).normals(rank * (at === 0 ? rows : columns)),
  );
  const data = Array.from({ length: rows * columns }, (_, i) => {
    let sum = 0;
    for (let r = 0; r < rank; r++)
      sum += 0.1 * (left?.[Math.floor(i / columns) * rank + r] ?? 0) * (right?.[(i % columns) * rank + r] ?? 0);
    return sum;
  });
  return fromFloat64(data, dims, 'float32');
}
