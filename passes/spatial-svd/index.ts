// Conv kh×kw: W[t,s,k1,k2] = Σ_R U[t,R,k2] V[R,s,k1]  →  Conv(kh×1, S→R) · Conv(1×kw, R→T)
import { definePass, type LinearOperator, splitDecomposition } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  order: z
    .enum(['vertical-first', 'horizontal-first', 'auto'])
    .default('auto')
    .describe('which spatial axis the first node covers; auto takes the order that leaves less work per rank'),
});

/** Needs two spatial axes; a third one goes with the second. */
export default definePass({
  name: 'spatial-svd',
  kind: 'factorize',
  summary: 'split a kh×kw Conv into kh×1 and 1×kw',
  reference: 'arXiv:1405.3866',
  options,
  match(operator, { options: { order } }) {
    const [height = 1, ...others] = operator.kernelShape;
    if (others.length === 0 || operator.kernelShape.every((size) => size === 1)) return null;
    const vertical = [0];
    const horizontal = others.map((_, axis) => axis + 1);
    if (order === 'auto')
      return splitDecomposition(operator, verticalIsCheaper(operator, height, others) ? vertical : horizontal);
    return splitDecomposition(operator, order === 'vertical-first' ? vertical : horizontal);
  },
});

/**
 * Work per unit of rank: the first node runs on a grid that only its own axes have strided, the second on the output's.
 * Equal (no stride, or the same on square kernels): vertical first.
 */
function verticalIsCheaper(
  { outputs, inputs, strides }: LinearOperator,
  height: number,
  others: readonly number[],
): boolean {
  const width = others.reduce((product, size) => product * size, 1);
  const [down = 1, ...across] = strides;
  const along = across.reduce((product, stride) => product * stride, 1);
  const verticalFirst = inputs * height * along + outputs * width;
  const horizontalFirst = inputs * width * down + outputs * height;
  return verticalFirst <= horizontalFirst;
}
