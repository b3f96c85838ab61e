import { type FitInputsOptions, fitInputs, type InnerFit, type InnerMethod, type InputFit } from './fit-inputs.ts';
import { type MetricGroup, NARROW_ERROR, type ScaledProblem, scaledProblem } from './metric-fit.ts';

/**
 * fitInputs on one group, in float64 where float32 would be seen: on small groups from the start, and again from the result
 * where its squared error is below 1e-4.
 */
export async function fitScaled<Inner extends InnerFit>(
  group: MetricGroup,
  inputAxes: readonly number[],
  { problem }: ScaledProblem,
  start: Float64Array,
  method: InnerMethod<Inner>,
  options: FitInputsOptions,
): Promise<InputFit<Inner>> {
  const found = await fitInputs(problem, start, method, options);
  if (problem.precision === 'float64' || found.inner.error >= NARROW_ERROR) return found;
  const wide = scaledProblem(group, inputAxes, options.blas, 'float64').problem;
  return fitInputs(wide, found.basis, method, options);
}
