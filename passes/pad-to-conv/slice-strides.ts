import type { Node, PassContext, Value } from 'onnx-tucker/pass';
import { fixedNumbers } from './fixed-numbers.ts';

/**
 * Steps of a Slice along the spatial axes of [N, C, …], where all it does is to take every s-th position of them from the
 * first to the end; otherwise undefined.
 */
export function sliceStrides(slice: Node, input: Value, context: PassContext<unknown>): readonly number[] | undefined {
  const shape = context.shapes.shapeOf(input);
  const parts = shape && shape.length >= 3 ? partsOf(slice, context) : undefined;
  if (!shape || !parts) return undefined;
  const strides = shape.slice(2).map(() => 1);
  for (const { axis: given, start, end, step } of parts) {
    const axis = given < 0 ? given + shape.length : given;
    const size = shape[axis];
    const isWhole = start === 0 && end >= (typeof size === 'number' ? size : largest);
    if (!isWhole || step < 1 || (axis < 2 && step > 1)) return undefined;
    if (axis >= 2) strides[axis - 2] = step;
  }
  return strides;
}

/** What exporters write for "to the end". */
const largest = 2 ** 31 - 1;

/** What a Slice takes of each axis; undefined where that is computed at run time. */
function partsOf(slice: Node, context: PassContext<unknown>) {
  const given = (index: number, name: string) => {
    const value = slice.inputs[index];
    return value ? fixedNumbers(value, context) : slice.ints(name);
  };
  const or = (index: number, name: string, usual: (at: number) => number) =>
    given(index, name) ?? (slice.inputs[index] ? undefined : starts?.map((_, at) => usual(at)));
  const [starts, ends] = [given(1, 'starts'), given(2, 'ends')];
  const axes = or(3, 'axes', (at) => at);
  const steps = or(4, 'steps', () => 1);
  if (!starts || !ends || !axes || !steps) return undefined;
  return starts.map((start, at) => ({
    start,
    end: ends[at] as number,
    axis: axes[at] as number,
    step: steps[at] as number,
  }));
}
