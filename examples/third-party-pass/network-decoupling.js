/**
 * Network decoupling (Guo, Li, Li, Lin: BMVC 2018, arXiv:1808.05517, the DW+PW form):
 *
 *   Conv(k×k) → Conv(depthwise k×k, M outputs per channel) · Conv(1×1)
 *   W[g,t,s,k] ≈ Σ_m P[g,t,s,m] D[g,s,m,k]
 *
 * For one input channel s that is a rank-M approximation of the matrix W[t, k], so a truncated singular value
 * decomposition per input channel gives the best weights, and M = min(T, k·k) is exact.
 *
 * Legality:
 * 1. a Conv with more than one kernel position (others are not its kind);
 * 2. more than one output per group, or there is nothing to share (`not-legal`).
 */
import { permuteAxes, splitErrors, splitSvd } from 'onnx-tucker/numerics';
import { definePass, skip } from 'onnx-tucker/pass';
import { z } from 'zod';

export const networkDecoupling = definePass({
  name: 'network-decoupling',
  summary: 'k×k Conv → depthwise k×k with M outputs per channel, then 1×1',
  reference: 'arXiv:1808.05517',
  kind: 'factorize',
  options: z.strictObject({}),

  match({ node, opType, outputs, kernelShape }) {
    const positions = kernelShape.reduce((product, size) => product * size, 1);
    if (opType !== 'Conv' || positions === 1) return null;
    if (outputs === 1)
      return skip(node, 'not-legal', 'a depthwise convolution has no outputs that could share a filter');
    const spatial = kernelShape.map((_, axis) => `k${axis + 1}`);
    return {
      axes: [{ name: 'M', max: Math.min(outputs, positions), unfoldings: [spatial] }],
      factors: [
        { name: 'D', indices: ['g', 's', 'M', ...spatial] },
        { name: 'P', indices: ['g', 't', 's', 'M'] },
      ],
      chain: [
        { factor: 'D', to: ['g', 's', 'M'], spatial },
        { factor: 'P', to: ['g', 't'] },
      ],
      fit: decouple,
      errors: decouplingErrors,
    };
  },
});

/**
 * @param {import('onnx-tucker/numerics').RealNdArray} kernel [g, t, s, k…]
 * @param {import('onnx-tucker/pass').Ranks} ranks
 * @param {import('onnx-tucker/pass').FitContext} context
 * @returns {Promise<import('onnx-tucker/pass').Fit>} D[g, s, M, k…] and P[g, t, s, M]
 */
async function decouple(kernel, { M = 1 }, { blas }) {
  const [groups = 1, outputs = 1, inputs = 1, ...spatial] = kernel.dims;
  const { matrices, axes } = perInput(kernel);
  const { input, output, relativeError } = await splitSvd(matrices, axes, M, blas);
  const D = { ...input, dims: [groups, inputs, M, ...spatial] };
  const P = permuteAxes({ ...output, dims: [groups, inputs, outputs, M] }, [0, 2, 1, 3]);
  return { factors: { D, P }, relativeError };
}

/**
 * The matrices W[t, k] of all inputs, as groups of one kernel [g·s, t, 1, k…].
 *
 * @param {import('onnx-tucker/numerics').RealNdArray} kernel [g, t, s, k…]
 */
function perInput(kernel) {
  const [groups = 1, outputs = 1, inputs = 1, ...spatial] = kernel.dims;
  const axes = spatial.map((_, axis) => axis);
  const inputsFirst = permuteAxes(kernel, [0, 2, 1, ...axes.map((axis) => axis + 3)]);
  return { matrices: { ...inputsFirst, dims: [groups * inputs, outputs, 1, ...spatial] }, axes };
}

/**
 * @param {import('onnx-tucker/numerics').RealNdArray} kernel [g, t, s, k…]
 * @param {readonly import('onnx-tucker/pass').Ranks[]} ranks
 * @param {import('onnx-tucker/pass').FitContext} context
 * @returns {Promise<import('onnx-tucker/pass').ErrorCurve>} one error for each of the ranks
 */
async function decouplingErrors(kernel, ranks, { blas }) {
  const { matrices, axes } = perInput(kernel);
  const along = ranks.map(({ M = 1 }) => M);
  return { errors: await splitErrors(matrices, axes, along, { blas }), shapeOnly: false };
}
