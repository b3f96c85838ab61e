import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fromFloat64, int64Tensor } from '../../src/ir/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { type Comparison, compareModels, type Unjudged } from '../../src/validate/index.ts';
import { identityModel, smallModel } from '../runtime/small-models.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

/** y = x·scale on float32[N, 3]. */
function scaled(scale: number): Uint8Array {
  return smallModel(
    [{ opType: 'Mul', inputs: ['x', 'scale'], outputs: ['y'] }],
    [['x', 'float32', ['N', 3]]],
    [['y', 'float32', ['N', 3]]],
    { scale: fromFloat64([scale], [], 'float32') },
  );
}

function compared(result: Comparison | Unjudged): Comparison {
  if (result.kind === 'unjudged') throw new Error(result.reason);
  return result;
}

async function* batches(...rows: readonly (readonly number[])[]) {
  const data = Float32Array.from(rows.flat());
  yield { feeds: { x: { dtype: 'float32', dims: [rows.length, 3], data } as const } };
}

describe('compareModels', () => {
  it('finds a model equal to itself', async () => {
    expect(compared(await compareModels(runtime, scaled(3), scaled(3)))).toMatchObject({
      maxRelativeError: 0,
      outputError: 0,
      outputErrorCi95: [0, 0],
      top1Agreement: 1,
      klDivergence: 0,
      samples: 4,
      inputs: 'random',
    });
  });

  it('measures relative and output errors as they are defined', async () => {
    // y = x, ŷ = 1.5·x: every |ŷ−y| is half of |y|. ‖ŷ−y‖² is 3.5 and 77·0.25 = 19.25, mean 11.375.
    const result = compared(
      await compareModels(runtime, scaled(1), scaled(1.5), { batches: batches([1, 2, 3], [4, 5, 6]) }),
    );
    expect(result.maxRelativeError).toBeCloseTo(0.5, 6);
    expect(result.outputs[0]?.squaredError).toBeCloseTo((0.25 * (14 + 77)) / 2, 5);
    // Each of the three elements varies by ±1.5 about its mean.
    expect(result.outputs[0]?.variance).toBeCloseTo(3 * 1.5 ** 2, 5);
    expect(result.outputError).toBeCloseTo((0.25 * (14 + 77)) / 2 / 6.75, 5);
    expect([result.samples, result.inputs]).toEqual([2, 'data']);
    // With two samples a bootstrap knows no more than that the mean lies between them.
    expect(result.outputErrorCi95?.[0]).toBeCloseTo((0.25 * 14) / 6.75, 5);
    expect(result.outputErrorCi95?.[1]).toBeCloseTo((0.25 * 77) / 6.75, 5);
  });

  it('takes the energy of the output for its variance where there is one sample only', async () => {
    const result = compared(await compareModels(runtime, scaled(1), scaled(1.5), { batches: batches([1, 2, 3]) }));
    expect(result.outputError).toBeCloseTo(0.25, 6);
    expect(result.outputErrorCi95).toBeNull();
  });

  it('counts classes that both agree on, and leaves void rows out', async () => {
    const data = Float32Array.of(1, 2, 3, 9, 5, 6, 0, 0, 0);
    const feeds = { x: { dtype: 'float32', dims: [3, 3], data } } as const;
    const opposite = compared(
      await compareModels(runtime, scaled(1), scaled(-1), { batches: once({ feeds, count: 2 }) }),
    );
    expect([opposite.top1Agreement, opposite.samples]).toEqual([0, 2]);
    expect(opposite.klDivergence).toBeGreaterThan(1);
  });

  it('sees a NaN on one side, and takes NaN on both sides for equal', async () => {
    const nan = batches([Number.NaN, 1, 2]);
    expect(compared(await compareModels(runtime, scaled(1), scaled(1), { batches: nan })).maxRelativeError).toBe(0);
    const infinite = batches([1, 2, 3]);
    expect(
      compared(await compareModels(runtime, scaled(1), scaled(Number.NaN), { batches: infinite })).maxRelativeError,
    ).toBe(Infinity);
  });

  it('takes outputs of other shapes for entirely different', async () => {
    const shape = (tile: number) =>
      smallModel(
        [{ opType: 'Tile', inputs: ['x', 'n'], outputs: ['y'] }],
        [['x', 'float32', [2]]],
        [['y', 'float32', ['M']]],
        { n: int64Tensor([tile]) },
      );
    expect(compared(await compareModels(runtime, shape(1), shape(2))).maxRelativeError).toBe(Infinity);
  });

  it('counts differing elements of outputs that are not real numbers', async () => {
    const argMax = (scale: number) =>
      smallModel(
        [
          { opType: 'Mul', inputs: ['x', 'scale'], outputs: ['z'] },
          { opType: 'ArgMax', inputs: ['z'], outputs: ['y'] },
        ],
        [['x', 'float32', ['N', 3]]],
        [['y', 'int64', [1, 3]]],
        { scale: fromFloat64([scale, 1, 1], [3], 'float32') },
      );
    const pair = [argMax(1), argMax(-1)] as const;
    // The first column turns its sign, so its best row changes; the other two stay.
    expect(
      compared(await compareModels(runtime, ...pair, { batches: batches([1, 2, 3], [4, 5, 6]) })).maxRelativeError,
    ).toBeCloseTo(1 / 3);
  });

  it('refuses models whose interfaces differ', async () => {
    await expect(compareModels(runtime, scaled(1), identityModel('float32', ['N', 3]))).resolves.toMatchObject({
      kind: 'compared',
    });
    await expect(compareModels(runtime, scaled(1), identityModel('float64', ['N', 3]))).rejects.toMatchObject({
      diagnostic: { code: 'check-failed' },
    });
  });

  it('says why it cannot judge: a reference that does not load, inputs that cannot be made', async () => {
    const unknown = smallModel(
      [{ opType: 'NoSuchOp', inputs: ['x'], outputs: ['y'] }],
      [['x', 'float32', [1]]],
      [['y', 'float32', [1]]],
    );
    expect(await compareModels(runtime, unknown, scaled(1))).toMatchObject({
      kind: 'unjudged',
      reason: expect.stringContaining('NoSuchOp'),
    });
    await expect(compareModels(runtime, scaled(1), unknown)).rejects.toMatchObject({
      diagnostic: { code: 'runtime-rejected' },
    });
    const text = identityModel('string', [2]);
    expect(await compareModels(runtime, text, text)).toMatchObject({
      kind: 'unjudged',
      reason: expect.stringContaining('string'),
    });
  });

  it.each(['float16', 'float64', 'uint8', 'int64', 'bool'] as const)('feeds %s inputs', async (dtype) => {
    const model = identityModel(dtype, ['N', 5]);
    expect(compared(await compareModels(runtime, model, model))).toMatchObject({ maxRelativeError: 0, samples: 4 });
  });

  it('finds sizes for open axes with which the model runs, and takes the ones that are given', async () => {
    const gemm = smallModel(
      [
        { opType: 'Flatten', inputs: ['x'], outputs: ['z'] },
        { opType: 'MatMul', inputs: ['z', 'w'], outputs: ['y'] },
      ],
      [['x', 'float32', ['N', 'C', 'H', 'W']]],
      [['y', 'float32', ['N', 1]]],
      { w: fromFloat64(new Float64Array(64 * 64).fill(1), [64 * 64, 1], 'float32') },
    );
    expect(compared(await compareModels(runtime, gemm, gemm)).maxRelativeError).toBe(0);
    const wrong = await compareModels(runtime, gemm, gemm, { inputShapes: { x: [1, 1, 3, 3] } });
    expect(wrong).toMatchObject({ kind: 'unjudged' });
  });
});

async function* once<T>(item: T) {
  yield item;
}
