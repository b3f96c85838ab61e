// BatchNormalization(Conv(x; W, b)) → Conv(x; W·a, (b − mean)·a + B),  a = scale / √(var + ε) per output channel
import {
  definePass,
  fixedTensor,
  isSkip,
  type LinearOperator,
  linearOperator,
  type Node,
  type PassContext,
  type Skip,
  skip,
  toFloat64,
  type Value,
} from 'onnx-tucker/pass';
import { z } from 'zod';
import { fuse } from './fuse.ts';

export interface BatchNormMatch {
  readonly batchNorm: Node;
  readonly operator: LinearOperator;
  readonly output: Value;
  /** What each output channel is multiplied by. */
  readonly factor: Float64Array;
  readonly offset: Float64Array;
  readonly mean: Float64Array;
}

/**
 * Legality, in this order:
 * 1. batch-norm in inference form: no training_mode, per channel (spatial = 1), only its first output in use;
 * 2. its input comes from a Conv, ConvTranspose or Gemm that nobody else reads;
 * 3. that operator's weight is constant, not shared and real (the rules of linear operators);
 * 4. its bias, and the four statistics, are constant and per channel;
 * 5. a = scale / √(var + ε) is finite.
 */
function match(node: Node, context: PassContext<unknown>): BatchNormMatch | Skip | null {
  if (!node.is('BatchNormalization')) return null;
  const [x, ...statistics] = node.inputs;
  const [output, ...others] = node.outputs;
  const training = node.int('training_mode', 0) !== 0 || node.int('spatial', 1) !== 1;
  if (training || !x || !output || others.some((value) => value && value.uses.size > 0))
    return skip(node, 'not-legal', 'batch-norm is not in its inference form');
  const producer = x.producer;
  if (!producer?.is('Conv', 'ConvTranspose', 'Gemm') || x.uses.size !== 1 || context.model.graph.isOutput(x))
    return skip(node, 'not-legal', 'its input is not the output of one Conv or Gemm alone');
  const operator = linearOperator(producer, context);
  if (operator === null || isSkip(operator)) return operator;
  const channels = operator.groups * operator.outputs;
  const bias = operator.bias && fixedTensor(operator.bias, context);
  if (operator.bias && (bias?.size !== channels || bias.dims.at(-1) !== channels))
    return skip(node, 'not-legal', 'the bias is not one constant per channel');
  const constants = statistics.slice(0, 4).map((value) => value && fixedTensor(value, context));
  const [scale, offset, mean, variance] = constants.map((tensor) =>
    tensor?.size === channels ? toFloat64(tensor) : undefined,
  );
  if (!scale || !offset || !mean || !variance) return skip(node, 'not-legal', 'its statistics are not constant');
  const epsilon = node.float('epsilon', 1e-5);
  const factor = scale.map((value, channel) => value / Math.sqrt((variance[channel] as number) + epsilon));
  if (!factor.every(Number.isFinite))
    return skip(node, 'non-finite', 'its scale or variance gives factors that are not finite');
  return { batchNorm: node, operator, output, factor, offset, mean };
}

export default definePass({
  name: 'fuse-batch-norm',
  kind: 'canonicalize',
  summary: 'fold BatchNormalization into the Conv, ConvTranspose or Gemm before it',
  options: z.strictObject({}),
  match,
  rewrite: fuse,
});
