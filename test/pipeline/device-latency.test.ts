import { describe, expect, test } from '@jest/globals';
import { writeModel } from '../../src/onnx/index.ts';
import { judgeAgreement, judgeLatency } from '../../src/pipeline/judge.ts';
import type { Runtime, SessionOptions } from '../../src/runtime/index.ts';
import { calibrateTimeModel } from '../../src/timing/index.ts';
import { isUnjudged } from '../../src/validate/index.ts';
import { smallCnn } from '../support/small-models.ts';
import { conv } from '../timing/chains.ts';

const model = writeModel(smallCnn());

/** Its processor waits for half of the time. Remembers what each session was asked to run on. */
function waitingRuntime() {
  const sessions: (SessionOptions['device'] | 'unsaid')[] = [];
  const runtime: Runtime = {
    load: async (_, { device } = {}) => {
      sessions.push(device ?? 'unsaid');
      return {
        inputs: [],
        outputs: [],
        run: async () => ({}),
        time: async (_, runs) => ({ wall: new Float64Array(runs).fill(2), cpu: new Float64Array(runs).fill(1) }),
        release: async () => {},
      };
    },
    close: async () => {},
  };
  return { runtime, sessions };
}

describe('the device', () => {
  test('is where latency is measured, and is named beside the machine', async () => {
    const { runtime, sessions } = waitingRuntime();
    const timed = await judgeLatency(runtime, model, model, { device: 'webgpu' });
    if (isUnjudged(timed)) throw new Error(timed.reason);
    expect(timed.machine).toMatch(/, ONNX Runtime [^,]+, on webgpu$/);
    expect(sessions).toEqual(['webgpu', 'webgpu']);
  });

  test('is not named where it is the CPU', async () => {
    const { runtime, sessions } = waitingRuntime();
    const [unsaid, said] = [
      await judgeLatency(runtime, model, model, {}),
      await judgeLatency(runtime, model, model, { device: 'cpu' }),
    ];
    expect(said).toEqual(unsaid);
    if (isUnjudged(said)) throw new Error(said.reason);
    expect(said.machine).toMatch(/, ONNX Runtime [^,]+$/);
    expect(new Set(sessions)).toEqual(new Set(['cpu']));
  });

  test('times all chains of the time model, by the wall clock: the processor only waits for it', async () => {
    for (const [device, reference] of [
      ['cpu', 1],
      ['cuda', 2],
    ] as const) {
      const { runtime, sessions } = waitingRuntime();
      const times = await calibrateTimeModel(runtime, [[conv(16, 16, [3, 3], 8)]], { device });
      expect(times).toMatchObject({ device, reference });
      expect(new Set(sessions)).toEqual(new Set([device]));
    }
  });

  test('has no part in checks', async () => {
    const { runtime, sessions } = waitingRuntime();
    await judgeAgreement(runtime, model, model, { device: 'cuda' }).catch(() => {});
    expect(sessions.length).toBeGreaterThan(0);
    expect(new Set(sessions)).toEqual(new Set(['unsaid']));
  });
});
