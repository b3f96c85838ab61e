import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DiagnosticError } from '../../src/diagnostics.ts';
import type { Event } from '../../src/events.ts';
import { measureAccuracy } from '../../src/validate/index.ts';
import { classifier, logitsFor, numberedDataset, softmax } from './fake-classifier.ts';

const answers = fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 40 });

describe('measureAccuracy', () => {
  test('counts right answers and agreement in any batch size, fixed or not', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (rows, batchSize, fixed) => {
        const labels = rows.map(([, , label]) => label);
        const before = classifier({ logits: (k) => logitsFor(rows[k]?.[0] ?? 0) });
        const after = classifier({ logits: (k) => logitsFor(rows[k]?.[1] ?? 0) });
        const dataset = numberedDataset(rows.length, labels, fixed ? batchSize : undefined);
        const { metric, agreement } = await measureAccuracy(before, after, dataset, { batchSize });
        const share = (wanted: (row: readonly number[]) => boolean) => rows.filter(wanted).length / rows.length;
        expect(metric?.samples).toBe(rows.length);
        expect(metric?.before).toBe(share(([a, , label]) => a === label));
        expect(metric?.after).toBe(share(([, b, label]) => b === label));
        expect(metric?.difference).toBeCloseTo(100 * ((metric?.after ?? 0) - (metric?.before ?? 0)), 10);
        expect(agreement.top1Agreement).toBe(share(([a, b]) => a === b));
      }),
      { numRuns: 60 },
    );
  });

  test('needs no labels for agreement', async () => {
    const model = classifier({ logits: (k) => logitsFor(k % 4) });
    const { metric, agreement } = await measureAccuracy(model, model, numberedDataset(10));
    expect(metric).toBeNull();
    expect(agreement).toMatchObject({ samples: 10, top1Agreement: 1, klDivergence: 0, klDivergenceCi95: [0, 0] });
  });

  test('finds the same divergence from logits and from probabilities', async () => {
    const [p, q] = [
      [2, 0.5, -1, 0],
      [1, 1.5, 0, -2],
    ];
    const expected = softmax(p).reduce((sum, value, c) => sum + value * Math.log(value / (softmax(q)[c] ?? 0)), 0);
    const dataset = numberedDataset(3);
    const logits = await measureAccuracy(classifier({ y: () => p }), classifier({ y: () => q }), dataset);
    const shares = await measureAccuracy(
      classifier({ y: () => softmax(p) }),
      classifier({ y: () => softmax(q) }),
      dataset,
    );
    // Four scores of at most 2, each rounded to float32, move a log-softmax by at most 2·2·2^-24 + …; 1e-6 is ample.
    expect(logits.agreement.klDivergence).toBeCloseTo(expected, 6);
    expect(shares.agreement.klDivergence).toBeCloseTo(expected, 6);
  });

  test('tells how sure both are of the right class, on average', async () => {
    const [p, q] = [
      [2, 0.5, -1, 0],
      [1, 1.5, 0, -2],
    ];
    const labels = [0, 1, 3, 0, 2];
    const { metric } = await measureAccuracy(
      classifier({ y: () => p }),
      classifier({ y: () => q }),
      numberedDataset(labels.length, labels),
      { batchSize: 2 },
    );
    const mean = (logits: readonly number[]) =>
      labels.reduce((sum, label) => sum + (softmax(logits)[label] ?? 0), 0) / labels.length;
    expect(metric?.certainty?.before).toBeCloseTo(mean(p), 6);
    expect(metric?.certainty?.after).toBeCloseTo(mean(q), 6);
  });

  test('does not overflow on large logits', async () => {
    const model = (shift: number) => classifier({ y: (k) => logitsFor(k % 4).map((logit) => logit * 1e4 + shift) });
    const { agreement } = await measureAccuracy(model(0), model(1e5), numberedDataset(8));
    expect(agreement.klDivergence).toBeCloseTo(0, 10);
  });

  test('takes scores that are not finite for wrong answers and gives no divergence', async () => {
    const before = classifier({ y: () => logitsFor(0) });
    const after = classifier({ y: (k) => (k === 1 ? [Number.NaN, 0, 0, 0] : logitsFor(0)) });
    const { metric, agreement } = await measureAccuracy(before, after, numberedDataset(4, [0, 0, 0, 0]));
    expect(metric).toMatchObject({ before: 1, after: 0.75, difference: -25, certainty: null });
    expect(agreement).toMatchObject({ top1Agreement: 0.75, klDivergence: null, klDivergenceCi95: null });
  });

  test('reads scores of shape [N, C, 1, 1]', async () => {
    const model = classifier({ y: (k) => logitsFor(k % 4) }, [1, 1]);
    const { metric, classes } = await measureAccuracy(model, model, numberedDataset(8, [0, 1, 2, 3, 0, 1, 2, 3]));
    expect({ classes, before: metric?.before }).toEqual({ classes: 4, before: 1 });
  });

  test('tells how far it is', async () => {
    const events: Event[] = [];
    const model = classifier({ y: (k) => logitsFor(k % 4) });
    await measureAccuracy(model, model, numberedDataset(7, [0, 1, 2, 3, 0, 1, 2]), {
      batchSize: 3,
      onEvent: (event) => events.push(event),
    });
    const progress = events.filter((event) => event.kind === 'progress');
    expect(progress.map(({ done, total }) => [done, total])).toEqual([
      [3, 7],
      [6, 7],
      [7, 7],
    ]);
  });

  test('warns where the original guesses', async () => {
    const warned = async (labels: number[]) => {
      const events: Event[] = [];
      const model = classifier({ y: (k) => logitsFor(k % 4) });
      await measureAccuracy(model, model, numberedDataset(labels.length, labels), {
        onEvent: (event) => events.push(event),
      });
      return events.flatMap((event) => (event.kind === 'warning' ? [event.diagnostic.code] : []));
    };
    const right = Array.from({ length: 40 }, (_, k) => k % 4);
    expect(await warned(right)).toEqual([]);
    expect(await warned(right.map((label) => (label + 1) % 4))).toEqual(['accuracy-near-chance']);
  });

  test('stops when asked to', async () => {
    const model = classifier({ y: (k) => logitsFor(k % 4) });
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(measureAccuracy(model, model, numberedDataset(4), { signal })).rejects.toThrow('stopped');
  });
});

describe('the output with the class scores', () => {
  const scores = (k: number) => logitsFor(k % 4);
  const measure = (model: ReturnType<typeof classifier>, labels?: number[], output?: string) =>
    measureAccuracy(model, model, numberedDataset(8, labels), output === undefined ? {} : { output });

  test('is the only one that can be', async () => {
    const model = classifier({ box: (k) => [k], scores });
    expect((await measure(model)).output).toBe('scores');
  });

  test('is the first of several that rank alike, such as logits and probabilities', async () => {
    const model = classifier({ logits: scores, probabilities: (k) => softmax(scores(k)) });
    expect((await measure(model)).output).toBe('logits');
  });

  test('is one that is wide enough for the labels', async () => {
    const model = classifier({ narrow: (k) => [k % 2, 0.5], wide: scores });
    expect((await measure(model, [0, 1, 2, 3, 0, 1, 2, 3])).output).toBe('wide');
  });

  test('is the one asked for', async () => {
    const model = classifier({ a: scores, b: (k) => scores(k + 1) });
    expect((await measure(model, undefined, 'b')).output).toBe('b');
  });

  test.each([
    ['ambiguous-output', classifier({ a: scores, b: (k: number) => scores(k + 1) }), undefined, /"a", "b"/],
    ['no-class-scores', classifier({ a: (k: number) => [k] }), undefined, /"a" float32\[8, 1\]/],
    ['label-out-of-range', classifier({ a: scores }), [0, 1, 2, 3, 4, 0, 0, 0], /label 4 is beyond the 4 classes/],
  ] as const)('is refused as %s', async (code, model, labels, message) => {
    const error = await measure(model, labels && [...labels]).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(DiagnosticError);
    expect(error).toMatchObject({ diagnostic: { code, exitCode: 2, message: expect.stringMatching(message) } });
  });
});
