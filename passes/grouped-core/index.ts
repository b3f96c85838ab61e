// Conv k×k: W[t,s,k] = Σ A[t,Q,m2] C[Q,m2,m1,k] B[Q,m1,s]
//   →  Conv(1×1, S→Q·m) · Conv(k×k, Q groups of m→m) · Conv(1×1, Q·m→T)
import { blockExactCount, blockTerm, blockTermErrors, seededRandom } from 'onnx-tucker/numerics';
import {
  calibratedSteps,
  type Decomposition,
  definePass,
  type FitContext,
  type LinearOperator,
} from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  block: z.number().int().min(2).max(16).default(2).describe('channels in and out of each group of the middle node'),
  sweeps: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('most sweeps of the fit. With calibration: an upper limit to what the effort asks for'),
});

/** Needs kernels of more than one position and at least as many channels on both sides as a block. */
export default definePass({
  name: 'grouped-core',
  kind: 'factorize',
  summary: 'split a k×k Conv into 1×1, k×k in small groups and 1×1 (block terms)',
  reference: 'doi:10.1137/070690729',
  options,
  match(operator, { options: { block, sweeps } }) {
    if (operator.kernelShape.every((size) => size === 1)) return null;
    if (Math.min(operator.inputs, operator.outputs) < block) return null;
    return blockDecomposition(operator, block, sweeps);
  },
});

function blockDecomposition({ inputs, outputs, kernelShape }: LinearOperator, m: number, most: number): Decomposition {
  const spatial = kernelShape.map((_, axis) => `k${axis + 1}`);
  const positions = kernelShape.reduce((product, size) => product * size, 1);
  const optionsOf = ({ blas, seed, signal, metric, effort }: FitContext) => ({
    blas,
    signal,
    random: seededRandom(seed, 'blocks'),
    steps: metric ? calibratedSteps(effort, most) : most,
    ...(metric && { metric }),
  });
  return {
    axes: [{ name: 'Q', max: blockExactCount(outputs, inputs, positions, m), unfoldings: [['t'], ['s']] }],
    sizes: { m1: m, m2: m },
    factors: [
      { name: 'A', indices: ['g', 't', 'Q', 'm2'] },
      { name: 'C', indices: ['g', 'Q', 'm2', 'm1', ...spatial] },
      { name: 'B', indices: ['g', 'Q', 'm1', 's'] },
    ],
    chain: [
      { factor: 'B', to: ['g', 'Q', 'm1'] },
      { factor: 'C', to: ['g', 'Q', 'm2'], spatial },
      { factor: 'A', to: ['g', 't'] },
    ],
    fit: (kernel, { Q = 1 }, context) => blockTerm(kernel, { count: Q, size: m }, optionsOf(context)),
    errors: async (kernel, ranks, context) => ({
      errors: await blockTermErrors(
        kernel,
        ranks.map(({ Q = 1 }) => Q),
        m,
        optionsOf(context),
      ),
      shapeOnly: false,
    }),
  };
}
