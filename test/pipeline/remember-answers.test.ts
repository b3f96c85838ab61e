import { expect, test } from '@jest/globals';
import { rememberAnswers } from '../../src/pipeline/remember-answers.ts';
import type { Feeds, KeepingRuntime, ModelSource } from '../../src/runtime/index.ts';

/** Answers with the sum of its input; counts how often it was asked. */
function countingRuntime() {
  const asked: ModelSource[] = [];
  const runtime: KeepingRuntime = {
    load: async (model) => ({
      inputs: [],
      outputs: [],
      run: async ({ x }) => {
        asked.push(model);
        const sum = x?.data instanceof Float32Array ? x.data.reduce((a, b) => a + b, 0) : 0;
        return { y: { dtype: 'float32', dims: [1], data: Float32Array.of(sum) } };
      },
      time: async () => ({ wall: new Float64Array(), cpu: new Float64Array() }),
      runKept: async () => [],
      release: async () => {},
    }),
    keep: () => Promise.reject(new Error('nothing is kept')),
    close: async () => {},
  };
  return { asked, runtime: rememberAnswers(runtime) };
}

const feeds = (...values: number[]): Feeds => ({
  x: { dtype: 'float32', dims: [values.length], data: Float32Array.from(values) },
});

test('a model answers the same inputs once, in whatever session', async () => {
  const { asked, runtime } = countingRuntime();
  const model = Uint8Array.of(1);
  for (const _ of [1, 2]) {
    const session = await runtime.load(model);
    expect((await session.run(feeds(1, 2)))['y']?.data).toEqual(Float32Array.of(3));
    expect((await session.run(feeds(2, 2)))['y']?.data).toEqual(Float32Array.of(4));
    await session.release();
  }
  expect(asked).toEqual([model, model]);
});

test('another model, other settings, and inputs of another shape are asked', async () => {
  const { asked, runtime } = countingRuntime();
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(1)];
  await (await runtime.load(a)).run(feeds(1));
  await (await runtime.load(b)).run(feeds(1));
  await (await runtime.load(a, { optimization: 'disabled' })).run(feeds(1));
  await (await runtime.load(a)).run({ x: { dtype: 'float32', dims: [1, 1], data: Float32Array.of(1) } });
  expect(asked).toHaveLength(4);
});
