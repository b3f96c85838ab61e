import { describe, expect, it } from '@jest/globals';
import { gemmModel } from '../../src/runtime/gemm-model.ts';
import { openRuntime } from '../../src/runtime/index.ts';

const model = gemmModel({ precision: 'float32', transA: false, transB: false });
const A = { dtype: 'float32', dims: [1, 2], data: Float32Array.of(3, 5) } as const;
const B = { dtype: 'float32', dims: [2, 1], data: Float32Array.of(7, 11) } as const;

describe('openRuntime', () => {
  it('runs a model', async () => {
    const runtime = await openRuntime();
    const session = await runtime.load(model);
    expect(session.inputs).toEqual([
      { name: 'A', dtype: 'float32', shape: ['m', 'k'] },
      { name: 'B', dtype: 'float32', shape: ['k', 'n'] },
    ]);
    expect(await session.run({ A, B })).toEqual({ C: { dtype: 'float32', dims: [1, 1], data: Float32Array.of(76) } });
    expect((await session.time({ A, B }, 3)).wall).toHaveLength(3);
    await session.release();
    await runtime.close();
  });
});
