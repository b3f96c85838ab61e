import { afterAll, describe, expect, test } from '@jest/globals';
import { builtinPasses } from '../../passes/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import type { FactorizePass, LinearOperator } from '../../src/pass/index.ts';
import { openCurvePool } from '../../src/pipeline/curve-pool.ts';
import { type CurveJob, errorCurve } from '../../src/rewrite/index.ts';
import { createBlas } from '../../src/runtime/index.ts';

const blas = createBlas();
const { signal } = new AbortController();
const pool = openCurvePool(2, signal);
afterAll(() => pool?.close());

/** A Conv 3×3 of 6 → 8 channels, its kernel and a metric. */
const operator = {
  opType: 'Conv',
  dtype: 'float32',
  groups: 1,
  outputs: 8,
  inputs: 6,
  kernelShape: [3, 3],
  strides: [1, 1],
  dilations: [1, 1],
  padsBegin: [1, 1],
  padsEnd: [1, 1],
  outputPadding: [0, 0],
  weightLayout: 'conv',
  inputSizes: [8, 8],
  outputSizes: [8, 8],
} as const satisfies CurveJob['operator'];
const columns = 6 * 9;
const random = seededRandom(0, 'curves');
const kernel = { data: random.normals(8 * columns), dims: [1, 8, 6, 3, 3] };

async function metric(): Promise<NonNullable<CurveJob['metric']>> {
  const rows = random.normals(200 * columns);
  return { grams: [await blas.gemm64({ m: columns, n: columns, k: 200, a: rows, b: rows, transA: true })] };
}

function jobOf(pass: FactorizePass): Omit<CurveJob, 'metric'> | undefined {
  const options = pass.options.parse({});
  const decomposition = pass.match(operator as never as LinearOperator, { options } as never);
  if (decomposition === null || 'kind' in decomposition) return undefined;
  const ranks = [1, 2, 3].map((rank) => Object.fromEntries(decomposition.axes.map(({ name }) => [name, rank])));
  return { pass: pass.name, options, operator, kernel, ranks, seed: 7, effort: 'fast' };
}

describe('curves on another thread', () => {
  const jobs = builtinPasses.flatMap((pass) => (pass.kind === 'factorize' ? (jobOf(pass) ?? []) : []));

  test('are asked of every method for k×k', () => {
    expect(jobs.map(({ pass }) => pass)).toEqual([
      'channel-svd',
      'cp-split',
      'grouped-core',
      'spatial-svd',
      'tensor-train',
      'tucker-2',
    ]);
  });

  test.each(jobs)('are the numbers of this one: $pass', async (job) => {
    const pass = builtinPasses.find(({ name }) => name === job.pass) as FactorizePass;
    const decomposition = pass.match(operator as never as LinearOperator, { options: job.options } as never) as never;
    for (const own of [job, { ...job, metric: await metric() }])
      expect(await pool?.errors(own)).toEqual(
        await errorCurve(decomposition, kernel, job.ranks, { ...own, blas, signal }),
      );
  });

  test('are not asked for where a plugin brought the pass', () => {
    expect(pool?.errors({ ...(jobs[0] as CurveJob), pass: 'mine' })).toBeUndefined();
  });

  test('are not to be had with one thread', () => {
    expect(openCurvePool(1, signal)).toBeUndefined();
  });

  test('end with the run that asked', async () => {
    const stop = new AbortController();
    const stopped = openCurvePool(2, stop.signal);
    const [running, waiting] = [0, 1].map(() => stopped?.errors(jobs[1] as CurveJob));
    stop.abort();
    await expect(running).rejects.toThrow();
    await expect(waiting).rejects.toThrow();
    await stopped?.close();
  });
});
