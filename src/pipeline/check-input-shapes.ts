import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';

/**
 * Refuses shapes that belong to no input, which would otherwise be ignored without a word.
 *
 * @throws usage (2): no such input, or one with another number of axes
 */
export function checkInputShapes(
  { graph }: Model,
  inputShapes: Readonly<Record<string, readonly number[]>> = {},
): void {
  const inputs = graph.inputs.filter((value) => !value.isInitializer);
  for (const [name, sizes] of Object.entries(inputShapes)) {
    const input = inputs.find((value) => value.name === name);
    const names = inputs.map((value) => value.name);
    if (!input)
      throw diagnostics.usage(
        `--input-shape: the model has no input "${name}"`,
        didYouMean(name, names) ?? `Its inputs are ${names.join(', ')}.`,
      );
    if (input.shape && input.shape.length !== sizes.length)
      throw diagnostics.usage(
        `--input-shape ${name}:${sizes.join()}: the input has ${input.shape.length} axes, not ${sizes.length}`,
        `The model says ${name}: ${input.shape.map((size) => size ?? '?').join()}.`,
      );
  }
}
