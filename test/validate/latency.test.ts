import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFloat64 } from '../../src/ir/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { measureLatency } from '../../src/validate/index.ts';
import { identityModel, smallModel } from '../runtime/small-models.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

/** `count` products with a dense 256 × 256 matrix, one after the other. */
function chain(count: number): Uint8Array {
  const nodes = Array.from({ length: count }, (_, i) => ({
    opType: 'MatMul',
    inputs: [i === 0 ? 'x' : `x${i}`, 'w'],
    outputs: [i === count - 1 ? 'y' : `x${i + 1}`],
  }));
  const w = fromFloat64(
    Float64Array.from({ length: 256 * 256 }, (_, i) => Math.sin(i) / 256),
    [256, 256],
    'float32',
  );
  return smallModel(nodes, [['x', 'float32', ['N', 256]]], [['y', 'float32', ['N', 256]]], { w });
}

describe('measureLatency', () => {
  it('sees that a sixteenth of the work is faster, and is sure of it', async () => {
    const result = await measureLatency(runtime, chain(64), chain(4), { pairs: 10, inputShapes: { x: [64, 256] } });
    if (result.kind === 'unjudged') throw new Error(result.reason);
    expect(result.inputDims).toEqual({ x: [64, 256] });
    expect(result.undisturbed).toBeGreaterThan(3);
    for (const { ratio, ci95, before, after } of [result.wall, result.cpu]) {
      expect(ratio).toBeGreaterThan(3);
      expect(ci95[0]).toBeGreaterThan(1);
      expect(ci95[0]).toBeLessThanOrEqual(ratio);
      expect(ci95[1]).toBeGreaterThanOrEqual(ratio);
      expect(before.p90).toBeGreaterThanOrEqual(before.p50);
      expect(after.p50).toBeLessThan(before.p50);
    }
  });

  it('times fast models in batches', async () => {
    const result = await measureLatency(runtime, chain(1), chain(1), { pairs: 6 });
    if (result.kind === 'unjudged') throw new Error(result.reason);
    // One product of 2^16 multiplications takes some 10–100 µs, so 20 ms hold at least this many.
    expect(result.runs.before).toBeGreaterThan(20);
    expect(result.runs.after).toBeGreaterThan(20);
  });

  it('times the slower of two in batches as well, so that both are warm', async () => {
    const result = await measureLatency(runtime, chain(32), chain(2), { pairs: 6, inputShapes: { x: [16, 256] } });
    if (result.kind === 'unjudged') throw new Error(result.reason);
    const { runs, wall } = result;
    // Half of the 20 ms: what was warmed up may run faster later.
    expect(runs.before * wall.before.p50).toBeGreaterThan(10);
    expect(runs.after * wall.after.p50).toBeGreaterThan(10);
  });

  it('says why it cannot measure', async () => {
    const text = identityModel('string', [2]);
    expect(await measureLatency(runtime, text, text)).toMatchObject({ kind: 'unjudged' });
  });
});
