// Conv k×k: W[t,s,k] = Σ_R A[t,R] K[R,k] B[R,s]  →  Conv(1×1, S→R) · depthwise Conv(k×k) · Conv(1×1, R→T)
import { calibratedCp, cp, cpErrors, cpExactRank, seededRandom } from 'onnx-tucker/numerics';
import { calibratedSteps, type Decomposition, definePass, type LinearOperator } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  form: z
    .enum(['three', 'four'])
    .default('three')
    .describe("three: one depthwise k×k in the middle; four: Lebedev's kh×1 and 1×kw"),
  sweeps: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('most sweeps of alternating least squares. With calibration: an upper limit to what the effort asks for'),
  starts: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe(
      'starts tried: one from the spectrum, then random ones. With calibration: always the one from the spectrum',
    ),
});

export default definePass({
  name: 'cp-split',
  kind: 'factorize',
  summary: 'split a k×k Conv into 1×1, depthwise k×k (or kh×1 and 1×kw) and 1×1',
  reference: 'arXiv:1412.6553',
  options,
  match(operator, { options: { form, sweeps, starts } }) {
    if (operator.kernelShape.every((size) => size === 1)) return null;
    return cpDecomposition(operator, form === 'four' && operator.kernelShape.length > 1 ? 'split' : 'joint', {
      sweeps,
      starts,
    });
  },
});

interface Effort {
  readonly sweeps: number;
  readonly starts: number;
}

function cpDecomposition(
  { outputs, inputs, kernelShape }: LinearOperator,
  spatial: 'joint' | 'split',
  effort: Effort,
): Decomposition {
  const axes = kernelShape.map((_, axis) => `k${axis + 1}`);
  const middle =
    spatial === 'joint'
      ? [{ name: 'K', spatial: axes }]
      : axes.map((index, axis) => ({ name: `K${axis + 1}`, spatial: [index] }));
  return {
    axes: [{ name: 'R', max: cpExactRank([1, outputs, inputs, ...kernelShape], spatial), unfoldings: [['t'], ['s']] }],
    factors: [
      { name: 'A', indices: ['g', 't', 'R'] },
      ...middle.map((factor) => ({ name: factor.name, indices: ['g', 'R', ...factor.spatial] })),
      { name: 'B', indices: ['g', 'R', 's'] },
    ],
    chain: [
      { factor: 'B', to: ['g', 'R'] },
      ...middle.map((factor) => ({ factor: factor.name, to: ['g', 'R'], spatial: factor.spatial })),
      { factor: 'A', to: ['g', 't'] },
    ],
    fit(kernel, { R = 1 }, { blas, seed, signal, metric, effort: wanted }) {
      const common = { spatial, random: seededRandom(seed, 'cp'), blas, signal };
      return metric
        ? calibratedCp(kernel, R, { ...common, metric, steps: calibratedSteps(wanted, effort.sweeps) })
        : cp(kernel, R, { ...common, maxSweeps: effort.sweeps, starts: effort.starts });
    },
    async errors(kernel, ranks, { blas, seed, signal, metric, effort: wanted }) {
      const along = ranks.map(({ R = 1 }) => R);
      const common = { spatial, random: seededRandom(seed, 'cp'), blas, signal, ...(metric && { metric }) };
      const errors = await cpErrors(kernel, along, { ...common, steps: calibratedSteps(wanted, effort.sweeps) });
      return { errors, shapeOnly: !metric };
    },
  };
}
