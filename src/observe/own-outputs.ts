import { toFloat64 } from '../ir/index.ts';
import type { Blas, GroupMoments, Moments } from '../numerics/index.ts';
import { constantTensor, isSkip, type LinearOperator, readKernel } from '../pass/index.ts';
import type { StoredMoments } from './moments-file.ts';

/**
 * Moments of inputs made whole for an operator that is to give its own outputs: C = W·G, E[y] = W·E[x] + b, var y =
 * diag(W·G·Wᵀ). All that can be known without the inputs that a rewritten model gives it.
 *
 * @returns undefined where they are not of this operator
 */
export async function withOwnOutputs(
  { rows, groups }: StoredMoments,
  operator: LinearOperator,
  blas: Blas,
): Promise<Moments | undefined> {
  const kernel = readKernel(operator);
  if (isSkip(kernel)) return undefined;
  const { outputs } = operator;
  const P = kernel.data.length / (operator.groups * outputs);
  if (groups.length !== operator.groups || groups.some(({ meanX }) => meanX.length !== P)) return undefined;
  if (groups.some(({ gradients }) => gradients && gradients.length !== outputs ** 2)) return undefined;
  const bias = ownBias(operator);
  const whole: GroupMoments[] = [];
  for (const [g, { meanX, gram, gradients }] of groups.entries()) {
    const rowsOf = kernel.data.subarray(g * outputs * P, (g + 1) * outputs * P);
    const cross = await blas.gemm64({ m: outputs, n: P, k: P, a: rowsOf, b: gram });
    const meanY = new Float64Array(outputs);
    const varianceY = new Float64Array(outputs);
    for (let t = 0; t < outputs; t++) {
      let [mean, variance] = [bias(g * outputs + t), 0];
      for (let p = 0; p < P; p++) {
        const weight = rowsOf[t * P + p] as number;
        mean += weight * (meanX[p] as number);
        variance += weight * (cross[t * P + p] as number);
      }
      meanY[t] = mean;
      varianceY[t] = Math.max(0, variance);
    }
    whole.push({ meanX, meanY, gram, cross, varianceY, gradients });
  }
  return { rows, groups: whole, heldBack: undefined };
}

/** What y/alpha has beside W·x; nothing for a Gemm whose C is not one number per output, which stays as it is anyway. */
function ownBias({ bias, node, groups, outputs }: LinearOperator): (channel: number) => number {
  const tensor = bias && constantTensor(bias);
  if (!tensor || (tensor.size !== 1 && tensor.size !== groups * outputs)) return () => 0;
  const values = toFloat64(tensor);
  const scale = node.float('beta', 1) / node.float('alpha', 1);
  return (channel) => scale * (values[values.length === 1 ? 0 : channel] as number);
}
