import type { Dim } from '../../ir/index.ts';
import { normalizeAxis } from './dims.ts';
import type { Fact } from './fact.ts';
import { dtypeAttribute, inputOf, type OperatorRule, shapeOf } from './operator-call.ts';

/** Output as the input; in training also running or saved statistics, one per channel. */
export const batchNormalization: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const mean = inputOf(call, 3);
  const statistics: Fact = { dtype: mean.dtype ?? dtype, shape: shape ? [shape[1]] : mean.shape };
  return [{ dtype, shape }, statistics, statistics, statistics, statistics];
};

/** Output as the input; mean and inverse deviation with size 1 from `axis` on. */
export const layerNormalization: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const axis = shape && normalizeAxis(call.node.int('axis', -1), shape.length);
  const statistics: Fact = {
    dtype: dtypeAttribute(call, 'stash_type', 'float32'),
    shape: axis === undefined ? undefined : shape?.map((dim, index) => (index < axis ? dim : 1)),
  };
  return [{ dtype, shape }, statistics, statistics];
};

/** Output as the input; the mask is boolean since opset 10 and of the input's type before. */
export const dropout: OperatorRule = (call) => {
  const { dtype, shape, data } = inputOf(call, 0);
  return [
    { dtype, shape, data },
    { dtype: call.opset >= 10 ? 'bool' : dtype, shape },
  ];
};

/** x, scale, zero point → the zero point's type, or the one asked for. */
export const quantizeLinear: OperatorRule = (call) => {
  const asked = dtypeAttribute(call, 'output_dtype', undefined);
  return [
    { dtype: asked ?? inputOf(call, 2).dtype ?? (call.node.inputs[2] ? undefined : 'uint8'), shape: shapeOf(call, 0) },
  ];
};

/** x, scale, zero point → the scale's type, or the one asked for. */
export const dequantizeLinear: OperatorRule = (call) => [
  { dtype: dtypeAttribute(call, 'output_dtype', undefined) ?? inputOf(call, 1).dtype, shape: shapeOf(call, 0) },
];

export const dynamicQuantizeLinear: OperatorRule = (call) => [
  { dtype: 'uint8', shape: shapeOf(call, 0) },
  { dtype: 'float32', shape: [] },
  { dtype: 'uint8', shape: [] },
];

/** All hidden states, the last hidden state and, for LSTM, the last cell state; `gates` rows of W per hidden unit. */
export function recurrent(gates: number): OperatorRule {
  return (call) => {
    const { dtype, shape } = inputOf(call, 0);
    const rows = shapeOf(call, 1)?.[1];
    const hidden = call.node.int('hidden_size') ?? (typeof rows === 'number' ? rows / gates : undefined);
    const directions = call.node.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
    const batchFirst = call.node.int('layout', 0) === 1;
    const [batch, steps]: readonly Dim[] = batchFirst ? [shape?.[0], shape?.[1]] : [shape?.[1], shape?.[0]];
    const last: Fact = { dtype, shape: batchFirst ? [batch, directions, hidden] : [directions, batch, hidden] };
    const all = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
    return [{ dtype, shape: all }, last, last];
  };
}
