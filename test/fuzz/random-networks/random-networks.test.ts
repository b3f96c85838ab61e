import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../../passes/index.ts';
import { DiagnosticError } from '../../../src/diagnostics.ts';
import { isRealDType, type Model, machineEpsilon, type Value, verifyModel } from '../../../src/ir/index.ts';
import { readModel, writeModel } from '../../../src/onnx/index.ts';
import { apply, type Compressed, compress, type EngineOptions, plan } from '../../../src/pipeline/index.ts';
import { parsePipeline } from '../../../src/rewrite/index.ts';
import { openRuntime, type Runtime } from '../../../src/runtime/index.ts';
import { exactEquivalence, isUnjudged } from '../../../src/validate/index.ts';
import { dataFolder } from '../../data/data-files.ts';
import { randomSamples } from '../../observe/array-dataset.ts';
import { randomNetwork } from './random-network.ts';
import { exactPipeline, randomPipeline } from './random-pipeline.ts';

const first = Number(process.env['ONNX_TUCKER_FUZZ_SEED'] ?? 1);
const networks = Number(process.env['ONNX_TUCKER_FUZZ_MODELS'] ?? 50);
const seeds = Array.from({ length: networks }, (_, i) => first + i);
const aFifth = seeds.filter((_, i) => i % 5 === 0);

/** Over all networks, so that nobody takes skipped nodes for proven ones. */
const seen = { runs: 0, rewritten: 0 };

const operators = [
  ...['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'BatchNormalization', 'Constant', 'If'],
  ...['Relu', 'Sigmoid', 'Clip', 'LeakyRelu', 'Add', 'Mul', 'Concat'],
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'Flatten'],
];

const samples = 32;
const files = dataFolder();

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({});
});
afterAll(() => runtime.close());

describe('random networks and pipelines', () => {
  const models = Array.from({ length: 300 }, (_, seed) => randomNetwork(seed));

  test('have every operator, type, dimension and way to store a weight among them', () => {
    const nodes = models.flatMap(({ graph }) => graph.nodes);
    const has = (opType: string, attribute: string) =>
      nodes.some((node) => node.is(opType) && node.attributes.has(attribute));
    expect(new Set(nodes.map(({ opType }) => opType))).toEqual(new Set(operators));
    const attributes = ['strides', 'dilations', 'pads', 'auto_pad', 'group'];
    expect(attributes.filter((attribute) => !has('Conv', attribute) || !has('ConvTranspose', attribute))).toEqual([]);
    expect(has('ConvTranspose', 'output_padding')).toBe(true);
    const inputs = models.map(({ graph }) => graph.inputs[0]);
    expect(new Set(inputs.map((input) => input?.dtype))).toEqual(new Set(['float32', 'float16', 'float64']));
    expect(new Set(inputs.map((input) => input?.shape?.length))).toEqual(new Set([2, 3, 4, 5]));
    const overridable = ({ irVersion, graph }: Model) =>
      irVersion > 3 && graph.inputs.some((value) => value.isInitializer);
    expect(models.filter(overridable).length).toBeGreaterThan(0);
    expect(models.filter(({ graph }) => graph.outputs.length > 1).length).toBeGreaterThan(0);
    expect(new Set(models.map((model) => model.opset())).size).toBe(22 - 9 + 1);
  });

  test('use every pass', () => {
    const used = models.flatMap((model, seed) => parsePipeline(randomPipeline(seed, model).pipeline ?? ''));
    expect(new Set(used.map(({ name }) => name))).toEqual(new Set(builtinPasses.map(({ name }) => name)));
  });
});

describe('a random network', () => {
  test.each(seeds)('%i loads in ONNX Runtime, and no passes give its very bytes', async (seed) => {
    const input = writeModel(randomNetwork(seed));
    await (await runtime.load(input)).release();
    const { bytes } = await compress(input, { pipeline: 'none', bench: false });
    expect(same(bytes(), input)).toBe(true);
  });

  test.each(seeds)(
    '%i keeps its interface under three random pipelines, and every rewrite proves exact',
    async (seed) => {
      const model = randomNetwork(seed);
      const input = writeModel(model);
      for (const options of [0, 1, 2].map((nth) => randomPipeline(3 * seed + nth, model, dataFor(model, seed)))) {
        const { report, bytes } = await run(input, options);
        const broken = report.nodes.filter(
          ({ skipped }) => skipped?.code === 'check-failed' || skipped?.code === 'runtime-crashed',
        );
        expect({ options, broken }).toEqual({ options, broken: [] });
        const rewritten = report.nodes.some(({ method }) => method !== null);
        seen.runs++;
        if (rewritten) seen.rewritten++;
        const { exact, unverified } = report.verification;
        expect({ options, judged: !rewritten || exact?.ok || unverified !== null }).toEqual({ options, judged: true });
        const output = readModel(bytes());
        verifyModel(output);
        expect({ options, ...interfaceOf(output) }).toEqual({ options, ...interfaceOf(readModel(input)) });
        expect({ options, stable: same(writeModel(output, { fromScratch: true }), bytes()) }).toEqual({
          options,
          stable: true,
        });
      }
    },
  );

  test.each(seeds)(
    '%i computes the same after passes that change only the form, which find nothing more to do',
    async (seed) => {
      const input = writeModel(randomNetwork(seed));
      const options = exactPipeline(seed);
      const once = (await run(input, options)).bytes();
      const judgement = await exactEquivalence(runtime, input, once, {
        seed,
        weightSpacing: coarsestSpacing(readModel(input)),
      });
      // Outputs that rounding alone moves by a hundredth of their size say nothing about a rewrite.
      const verdict = isUnjudged(judgement)
        ? /rounding alone/.test(judgement.reason) || judgement.reason
        : judgement.ok || judgement;
      expect({ options, verdict }).toEqual({ options, verdict: true });
      const twice = (await run(once, options)).bytes();
      expect({ options, idempotent: same(twice, once) }).toEqual({ options, idempotent: true });
    },
  );

  test.each(aFifth)('%i gives the same bytes again, with two threads, and by its plan', async (seed) => {
    const model = randomNetwork(seed);
    const input = writeModel(model);
    const options = randomPipeline(3 * seed, model, dataFor(model, seed));
    const { bytes } = await run(input, options);
    const again = await run(input, { ...options, threads: 2 });
    expect({ options, same: same(again.bytes(), bytes()) }).toEqual({ options, same: true });
    const { calibrate } = options;
    const planned = await apply(input, await plan(input, options), {
      bench: false,
      ...(calibrate !== undefined && { calibrate }),
    });
    expect({ options, same: same(planned.bytes(), bytes()) }).toEqual({ options, same: true });
  });

  // A handful, as somebody runs to look at one seed, may well be all kept.
  (networks < 20 ? test.skip : test)('is rewritten by more than a third of the pipelines', () => {
    expect(seen.rewritten / seen.runs).toBeGreaterThan(1 / 3);
  });
});

/** A file of samples for a network of one input. */
function dataFor({ graph }: Model, seed: number): string | undefined {
  const [first, ...others] = graph.inputs.filter(({ isInitializer }) => !isInitializer);
  if (!first || others.length > 0) return undefined;
  // Open lengths get what ONNX Runtime is given for the checks of the whole model, or less.
  const dims = (first.shape ?? []).slice(1).map((size) => (typeof size === 'number' ? size : 32));
  return files.npy(`${seed}.npy`, randomSamples(samples, dims, seed), [samples, ...dims]);
}

/** A fault is only as good as the pipeline that shows it. */
async function run(input: Uint8Array, options: EngineOptions): Promise<Compressed> {
  try {
    return await compress(input, options);
  } catch (cause) {
    const code = cause instanceof DiagnosticError ? cause.diagnostic.code : 'no diagnostic';
    throw new Error(`${code} under ${JSON.stringify(options)}`, { cause });
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** What callers of a model see: weights that are listed as inputs do not count. */
function interfaceOf({ graph }: Model) {
  const port = ({ name, type }: Value) => ({ name, type });
  return { inputs: graph.inputs.filter((value) => !value.isInitializer).map(port), outputs: graph.outputs.map(port) };
}

function coarsestSpacing({ graph }: Model): number {
  return Math.max(
    0,
    ...[...graph.initializers].map(({ dtype }) => (dtype && isRealDType(dtype) ? machineEpsilon(dtype) : 0)),
  );
}
