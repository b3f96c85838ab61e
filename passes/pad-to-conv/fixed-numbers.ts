import type { PassContext, Value } from 'onnx-tucker/pass';

/** Elements of a tensor that is the same in every run, whatever the caller feeds. */
export function fixedNumbers(value: Value, { model, shapes }: PassContext<unknown>): readonly number[] | undefined {
  const seen = new Set<Value>();
  const open = [value];
  for (let one = open.pop(); one; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    if (one.tensor && model.isOverridable(one)) return undefined;
    // What is known of a shape does not come from the numbers.
    if (!one.producer?.is('Shape', 'Size'))
      open.push(...(one.producer?.inputs ?? []).filter((input) => input !== null));
  }
  return shapes.constantOf(value);
}
