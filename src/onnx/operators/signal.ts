import type { Dim } from '../../ir/index.ts';
import { normalizeAxis } from './dims.ts';
import { isKnown, tensorFact } from './fact.ts';
import { dtypeAttribute, hasInput, inputOf, type OperatorCall, type OperatorRule, shapeOf } from './operator-call.ts';

/**
 * Discrete Fourier transform of one axis: [..., n, ..., 1|2] → [..., m, ..., 2], the last axis real and imaginary part.
 * One-sided, m = ⌊n/2⌋ + 1 forward; backward it has n real numbers.
 */
export const fourierTransform: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  if (!shape) return [{ dtype }];
  const oneSided = call.node.int('onesided', 0) !== 0;
  const backward = oneSided && call.node.int('inverse', 0) !== 0;
  const given = transformedAxis(call);
  const axis = given === undefined ? undefined : normalizeAxis(given, shape.length);
  const sameSize = !oneSided && !hasInput(call, 1);
  const dims = shape.map((dim, index) => {
    if (sameSize || (axis !== undefined && axis !== index)) return dim;
    const length = hasInput(call, 1) ? inputOf(call, 1).data?.[0] : dim;
    return axis === undefined || backward ? undefined : oneSided ? halfOf(length) : length;
  });
  return [tensorFact(dtype, [...dims.slice(0, -1), backward ? 1 : 2])];
};

/** An attribute until opset 19, an input since. */
function transformedAxis(call: OperatorCall): number | undefined {
  if (call.opset < 20) return call.node.int('axis', 1);
  const axis = hasInput(call, 2) ? inputOf(call, 2).data?.[0] : -2;
  return typeof axis === 'number' ? axis : undefined;
}

function halfOf(length: Dim): Dim {
  return typeof length === 'number' ? Math.floor(length / 2) + 1 : undefined;
}

/** Short-time Fourier transform: [batch, frames, bins, 2] */
export const shortTimeFourier: OperatorRule = (call) => {
  const { dtype, shape } = inputOf(call, 0);
  const step = inputOf(call, 1).data?.[0];
  const length = inputOf(call, 3).data?.[0] ?? shapeOf(call, 2)?.[0];
  if (!shape || !isKnown([length, step, shape[1]])) return [tensorFact(dtype, [shape?.[0], undefined, undefined, 2])];
  const [frame, hop, signal] = [length, step, shape[1]] as readonly number[] as [number, number, number];
  const bins = call.node.int('onesided', 1) === 0 ? frame : Math.floor(frame / 2) + 1;
  return [tensorFact(dtype, [shape[0], Math.floor((signal - frame) / hop) + 1, bins, 2])];
};

/** Windows of signal processing: one axis of the given length. */
export const signalWindow: OperatorRule = (call) => [
  tensorFact(dtypeAttribute(call, 'output_datatype', 'float32'), [inputOf(call, 0).data?.[0]]),
];

/** [bins, mel bins], the filter bank. */
export const melWeights: OperatorRule = (call) => {
  const bands = inputOf(call, 0).data?.[0];
  const length = inputOf(call, 1).data?.[0];
  return [tensorFact(dtypeAttribute(call, 'output_datatype', 'float32'), [halfOf(length), bands])];
};
