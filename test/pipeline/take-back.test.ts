import { expect, test } from '@jest/globals';
import { attribute, fromFloat64, type Model } from '../../src/ir/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { decide, settingOf } from '../../src/pipeline/decide.ts';
import { rewrite } from '../../src/pipeline/rewritten.ts';
import { withRun } from '../../src/pipeline/run.ts';
import { type Finished, takeBack } from '../../src/pipeline/take-back.ts';
import { verdictOf } from '../../src/pipeline/verdict.ts';
import { ModelBuilder } from '../support/small-models.ts';

/** The first half of its filters equals the other. */
function withTwins(): Model {
  const half = Array.from({ length: 12 * 36 }, (_, i) => Math.sin(i * i));
  return new ModelBuilder({ opset: 13 })
    .input('x', [1, 4, 8, 8])
    .tensor('w', fromFloat64([...half, ...half], [24, 4, 3, 3], 'float32'))
    .random('v', [2, 24, 1, 1])
    .node('Conv', ['x', 'w'], 'c', [], 'first')
    .node('Relu', ['c'], 'r')
    .node('Conv', ['r', 'v'], 'y', [], 'last')
    .output('y').model;
}

/** What becomes of a model whose benchmark says so, by default options. */
function afterBenchmark(model: Model, ratio: number) {
  const bytes = writeModel(model);
  return withRun(bytes, { bench: false }, async (run) => {
    const decision = await decide(run, await settingOf(run));
    const { pipeline, plan, data } = decision;
    const rewritten = decision.rewritten ?? (await rewrite(run, pipeline, plan, { calibration: data?.calibration }));
    const verdict = await verdictOf(run, rewritten.applied, rewritten.output, data);
    const benchmark = { ratio, ci95: [ratio * 0.98, ratio * 1.02] } as unknown as Finished['verdict']['benchmark'];
    const first = { ...rewritten, plan, verdict: { ...verdict, benchmark } };
    const { applied, output, plan: last } = await takeBack(run, decision, first);
    const { warnings } = run;
    return {
      lost: applied.groups?.pruned.length ?? 0,
      same: Buffer.from(await output.bytes()).equals(bytes),
      pipeline: last.pipeline,
      taken: warnings.filter(({ code }) => code === 'taken-back').map(({ message }) => message),
    };
  });
}

test('filters that do nothing stay where the model without them is slower, and the plan says so', async () => {
  const kept = await afterBenchmark(withTwins(), 0.7);
  expect(kept).toMatchObject({ lost: 0, same: true, taken: [expect.stringContaining('filters that do nothing stay')] });
  expect(kept.pipeline).not.toContain('prune-filters');
});

test('they go where it is not', async () => {
  const gone = await afterBenchmark(withTwins(), 1.1);
  expect(gone).toMatchObject({ lost: 1, same: false, taken: [] });
  expect(gone.pipeline).toContain('prune-filters');
});

/** A matrix of rank 5 that saves 40 bytes in two, which take a node more. */
function barelySmaller(): Model {
  const columns = Array.from({ length: 10 * 12 }, (_, i) =>
    [1, 2, 3, 4, 5].reduce((sum, r) => sum + Math.sin(r * (1 + Math.floor(i / 12))) * Math.cos(r * r * (i % 12)), 0),
  );
  return new ModelBuilder({ opset: 13 })
    .input('x', [1, 12])
    .tensor('w', fromFloat64(columns, [10, 12], 'float32'))
    .node('Gemm', ['x', 'w'], 'y', [attribute.int('transB', 1)], 'gemm')
    .output('y').model;
}

test('a file never grows: what makes it larger is taken back, and the run says so', async () => {
  const larger = await afterBenchmark(barelySmaller(), 1.1);
  expect(larger).toMatchObject({ same: true, taken: [expect.stringContaining('larger than the original')] });
});
