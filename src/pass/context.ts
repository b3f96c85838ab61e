import type { Dim, DType, Model, Value } from '../ir/index.ts';
import type { Blas, KernelMetric } from '../numerics/index.ts';

/** Shapes as far as shape inference knows them. */
export interface Shapes {
  shapeOf(value: Value): readonly Dim[] | undefined;
  dtypeOf(value: Value): DType | undefined;
  /** Elements, row-major, of small tensors that are the same in every run: initializers and what follows from them. */
  constantOf(value: Value): readonly number[] | undefined;
}

/** What every pass is given. Nothing here is global. */
export interface PassContext<Options> {
  readonly options: Options;
  readonly model: Model;
  readonly shapes: Shapes;
}

/** How much work a fit may do: `fast` for a search over ranks, `normal`, `max` where minutes do not matter. */
export type Effort = 'fast' | 'normal' | 'max';

/** What a fit may use: products, randomness and the wish to stop come in from outside. */
export interface FitContext {
  readonly blas: Blas;
  /** Seeds every random number of the fit; the same node gets the same seed whatever else is compressed. */
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly effort: Effort;
  /** The norm to fit in, from calibration; without it that is the Frobenius norm. */
  readonly metric?: KernelMetric;
}
