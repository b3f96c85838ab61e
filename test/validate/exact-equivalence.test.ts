import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { float16Bits, fromFloat64, Graph, Model, type Tensor, toFloat64 } from '../../src/ir/index.ts';
import { plainBlas, seededRandom } from '../../src/numerics/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { exactEquivalence } from '../../src/validate/index.ts';
import { perturbByOneUlp, perturbHalfWeights } from '../../src/validate/perturb.ts';
import { smallModel } from '../runtime/small-models.ts';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime();
});
afterAll(() => runtime.close());

const [n, r] = [300, 40] as const;
const left = seededRandom(0, 'left').normals(n * r);
const right = seededRandom(0, 'right').normals(r * n);

function matrix(data: ArrayLike<number>, rows: number, columns: number): Tensor {
  return fromFloat64(data, [rows, columns], 'float32');
}

function chain(weights: Readonly<Record<string, Tensor>>, last: readonly string[] = []): Uint8Array {
  const names = Object.keys(weights);
  const outputs = [...names.map((_, i) => `z${i}`), ...last.map((_, i) => `l${i}`)];
  outputs[outputs.length - 1] = 'y';
  const nodes = [
    ...names.map((name, i) => ({
      opType: 'MatMul',
      inputs: [outputs[i - 1] ?? 'x', name],
      outputs: [outputs[i] ?? ''],
    })),
    ...last.map((opType, i) => ({
      opType,
      inputs: [outputs[names.length + i - 1] ?? ''],
      outputs: [outputs[names.length + i] ?? ''],
    })),
  ];
  return smallModel(nodes, [['x', 'float32', ['N', n]]], [['y', 'float32', ['N', 'M']]], weights);
}

/** y = sigmoid(x·W + bias), W one column as a product of the weights. */
function saturated(weights: Readonly<Record<string, Tensor>>, bias = 0): Uint8Array {
  const names = Object.keys(weights);
  const nodes = names.map((name, i) => ({
    opType: 'MatMul',
    inputs: [i === 0 ? 'x' : `z${i - 1}`, name],
    outputs: [`z${i}`],
  }));
  const last = [
    { opType: 'Add', inputs: [`z${names.length - 1}`, 'bias'], outputs: ['sum'] },
    { opType: 'Sigmoid', inputs: ['sum'], outputs: ['y'] },
  ];
  const shift = fromFloat64(Float64Array.of(bias), [1], 'float32');
  return smallModel([...nodes, ...last], [['x', 'float32', ['N', n]]], [['y', 'float32', ['N', 1]]], {
    ...weights,
    bias: shift,
  });
}

async function contracted(scale = 1): Promise<Tensor> {
  const product = await plainBlas.gemm64({ m: n, n, k: r, a: left, b: right });
  return matrix(
    product.map((value) => value * scale),
    n,
    n,
  );
}

const factors = { u: matrix(left, n, r), v: matrix(right, r, n) };

describe('exactEquivalence', () => {
  it('accepts two factors for their product, well below the least tolerance', async () => {
    const result = await exactEquivalence(runtime, chain({ w: await contracted() }), chain(factors));
    expect(result).toMatchObject({ kind: 'judged', ok: true, tolerance: 1e-4 });
    if (result.kind === 'judged') expect(result.maxRelativeError).toBeLessThan(1e-5);
  });

  it('notices an error of one part in a thousand', async () => {
    expect(await exactEquivalence(runtime, chain({ w: await contracted(1.001) }), chain(factors))).toMatchObject({
      kind: 'judged',
      ok: false,
    });
  });

  it('takes the wider tolerance of a model that magnifies rounding', async () => {
    // Sin of numbers near 2000: their spacing in float32 is 1.2e-4, and so is what rounding does to the sine.
    const models = [
      chain({ w: await contracted(20) }, ['Sin']),
      chain({ ...factors, s: matrix(identity(20), n, n) }, ['Sin']),
    ] as const;
    const result = await exactEquivalence(runtime, ...models);
    expect(result).toMatchObject({ kind: 'judged', ok: true });
    if (result.kind !== 'judged') return;
    expect(result.floor).toBeGreaterThan(1e-5);
    expect(result.tolerance).toBeGreaterThan(1e-4);
  });

  it('does not blame a rewrite for the last digits of a saturated sigmoid', async () => {
    // Near 3e-7 ONNX Runtime's sigmoid is a difference of numbers near one half: it jumps by 6e-8 as rounding falls.
    // Sums have a standard deviation of 12, so that some are near -15.
    const verdicts: string[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const v = seededRandom(seed, 'column').normals(r);
      const column = await plainBlas.gemm64({ m: n, n: 1, k: r, a: left, b: v });
      const scale = 12 / Math.sqrt(n * r);
      const dense = saturated({
        w: matrix(
          column.map((value) => scale * value),
          n,
          1,
        ),
      });
      const split = saturated({
        u: factors.u,
        v: matrix(
          v.map((value) => scale * value),
          r,
          1,
        ),
      });
      const result = await exactEquivalence(runtime, dense, split, { seed });
      verdicts.push(result.kind === 'judged' ? (result.ok ? 'equal' : 'blamed') : 'unjudged');
    }
    expect(verdicts).not.toContain('blamed');
  });

  it('still notices that a saturated sigmoid is another', async () => {
    const v = seededRandom(0, 'column').normals(r);
    const column = await plainBlas.gemm64({ m: n, n: 1, k: r, a: left, b: v });
    const result = await exactEquivalence(
      runtime,
      saturated(
        {
          w: matrix(
            column.map((value) => 0.01 * value),
            n,
            1,
          ),
        },
        -3,
      ),
      saturated(
        {
          w: matrix(
            column.map((value) => 0.0101 * value),
            n,
            1,
          ),
        },
        -3,
      ),
    );
    expect(result).toMatchObject({ kind: 'judged', ok: false });
  });

  it('does not judge a model whose outputs are rounding noise', async () => {
    const w = await contracted(1e8);
    expect(
      await exactEquivalence(
        runtime,
        chain({ w }, ['Sin']),
        chain({ ...factors, s: matrix(identity(1e8), n, n) }, ['Sin']),
      ),
    ).toMatchObject({
      kind: 'unjudged',
      reason: expect.stringContaining('rounding alone'),
    });
  });
});

function identity(scale: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? scale : 0));
}

describe('perturbByOneUlp', () => {
  it('moves every element to a neighbouring number and zero not at all', () => {
    const data = Float32Array.of(1, -1, 0, 1e-30, 3e8);
    const wide = Float64Array.from(data);
    const half = Uint16Array.from(data, float16Bits);
    const moved = perturbByOneUlp(
      {
        a: { dtype: 'float32', dims: [5], data },
        b: { dtype: 'float64', dims: [5], data: wide },
        c: { dtype: 'float16', dims: [5], data: half },
        d: { dtype: 'uint16', dims: [5], data: half },
      },
      1,
    );
    const steps = (before: ArrayLike<number>, after: ArrayLike<number | bigint | string>, epsilon: number) =>
      Array.from(before, (value, i) => Math.abs(Number(after[i]) - value) / (Math.abs(value) * epsilon || 1));
    for (const [name, before, epsilon] of [
      ['a', data, 2 ** -23],
      ['b', wide, 2 ** -52],
    ] as const) {
      const relative = steps(before, moved[name]?.data ?? [], epsilon);
      expect(relative[2]).toBe(0);
      for (const step of relative.toSpliced(2, 1)) {
        expect(step).toBeGreaterThanOrEqual(0.5);
        expect(step).toBeLessThanOrEqual(1);
      }
    }
    // 1e-30 is 0 in float16, and 3e8 infinite.
    const bits = Array.from(half, (value, i) => Math.abs(Number(moved['c']?.data[i]) - value));
    expect(bits).toEqual([1, 1, 0, 0, 0]);
    expect(moved['d']?.data).toEqual(half);
  });
});

describe('perturbHalfWeights', () => {
  it('moves the weights of half precision by one unit each, in a copy, and no others', () => {
    const graph = new Graph('weights');
    const data = [1, -3, 0, Number.POSITIVE_INFINITY];
    for (const dtype of ['float16', 'bfloat16', 'float32'] as const)
      graph.addInitializer(dtype, fromFloat64(data, [4], dtype));
    const before = [...graph.initializers].map(({ tensor }) => tensor && toFloat64(tensor));
    const after = [...perturbHalfWeights(new Model(8, graph), 1).graph.initializers].map(
      ({ tensor }) => tensor && toFloat64(tensor),
    );
    const steps = (values: Float64Array | undefined, unit: number) =>
      Array.from(values?.subarray(0, 3) ?? [], (value, i) => Math.abs(value - (data[i] as number)) / unit);
    // Down from 1 is half a unit of 1; between 2 and 4 the unit is 2ε.
    for (const [i, epsilon] of [2 ** -10, 2 ** -7].entries()) {
      const [one, three, zero] = steps(after[i], epsilon);
      expect([0.5, 1]).toContain(one);
      expect([three, zero]).toEqual([2, 0]);
      expect(after[i]?.[3]).toBe(Number.POSITIVE_INFINITY);
    }
    expect(after[2]).toEqual(before[2]);
    expect(before.map((values) => [...(values ?? [])])).toEqual([data, data, data]);
  });
});
