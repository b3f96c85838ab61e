import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DiagnosticError } from '../../../src/diagnostics.ts';
import { isRealDType, type Model, machineEpsilon, type Value, verifyModel } from '../../../src/ir/index.ts';
import { readModel, writeModel } from '../../../src/onnx/index.ts';
import { apply, type Compressed, compress, type EngineOptions, plan } from '../../../src/pipeline/index.ts';
import { openRuntime, type Runtime } from '../../../src/runtime/index.ts';
import { exactEquivalence, isUnjudged } from '../../../src/validate/index.ts';
import { randomNetwork } from './random-network.ts';
import { exactPipeline, randomPipeline } from './random-pipeline.ts';

const first = Number(process.env['ONNX_TUCKER_FUZZ_SEED'] ?? 1);
const networks = Number(process.env['ONNX_TUCKER_FUZZ_MODELS'] ?? 50);
const seeds = Array.from({ length: networks }, (_, i) => first + i);
const every = (step: number) => seeds.filter((seed) => seed % step === 0);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({});
});
afterAll(() => runtime.close());

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
      for (const options of [0, 1, 2].map((nth) => randomPipeline(3 * seed + nth, model))) {
        const { report, bytes } = await run(input, options);
        const broken = report.nodes.filter(
          ({ skipped }) => skipped?.code === 'check-failed' || skipped?.code === 'runtime-crashed',
        );
        expect({ options, broken }).toEqual({ options, broken: [] });
        const rewritten = report.nodes.some(({ method }) => method !== null);
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
      expect({ options, ok: isUnjudged(judgement) ? judgement.reason : judgement }).toMatchObject({
        options,
        ok: { ok: true },
      });
      const twice = (await run(once, options)).bytes();
      expect({ options, idempotent: same(twice, once) }).toEqual({ options, idempotent: true });
    },
  );

  test.each(every(5))('%i gives the same bytes again, with two threads, and by its plan', async (seed) => {
    const model = randomNetwork(seed);
    const input = writeModel(model);
    const options = randomPipeline(3 * seed, model);
    const { bytes } = await run(input, options);
    const again = await run(input, { ...options, threads: 2 });
    expect({ options, same: same(again.bytes(), bytes()) }).toEqual({ options, same: true });
    const planned = await apply(input, await plan(input, options), { bench: false });
    expect({ options, same: same(planned.bytes(), bytes()) }).toEqual({ options, same: true });
  });
});

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
