import {
  attribute,
  constantTensor,
  type Editor,
  fromFloat64,
  type LinearOperator,
  type Tensor,
  toFloat64,
  toKernelOrder,
  toWeightOrder,
} from 'onnx-tucker/pass';
import type { BatchNormMatch } from './index.ts';

/** The operator stays, with new weight and bias in float64 rounded once, and computes what batch-norm computed. */
export function fuse({ batchNorm, operator, output, factor, offset, mean }: BatchNormMatch, edit: Editor): void {
  const { node, dtype } = operator;
  const gemm = operator.opType === 'Gemm';
  const beta = gemm ? node.float('beta', 1) : 1;
  const oldBias = operator.bias ? toFloat64(constantTensor(operator.bias) as Tensor) : new Float64Array(factor.length);
  const bias = factor.map(
    (value, channel) =>
      (beta * (oldBias[channel] as number) - (mean[channel] as number)) * value + (offset[channel] as number),
  );
  const weight = constantTensor(operator.weight) as Tensor;
  const base = `${node.name || operator.output.name}/fuse-batch-norm`;
  edit.setInput(
    node,
    1,
    edit.initializer(`${base}/weight`, fromFloat64(scaled(operator, toFloat64(weight), factor), weight.dims, dtype)),
  );
  edit.setInput(node, 2, edit.initializer(`${base}/bias`, fromFloat64(bias, [bias.length], dtype)));
  if (gemm && beta !== 1) edit.setAttribute(node, attribute.float('beta', 1));
  edit.setOutput(node, 0, output);
  edit.remove(batchNorm);
}

/** Weight with every output channel multiplied by its factor. */
function scaled(operator: LinearOperator, weight: Float64Array, factor: Float64Array): Float64Array {
  const kernel = toKernelOrder(operator, weight);
  const inner = kernel.length / factor.length;
  const product = new Float64Array(kernel.length);
  for (const [channel, by] of factor.entries())
    for (let i = channel * inner; i < (channel + 1) * inner; i++) product[i] = (kernel[i] as number) * by;
  return new Float64Array(toWeightOrder(operator, product));
}
