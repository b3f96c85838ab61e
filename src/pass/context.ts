import type { Model, Node } from '../ir/index.ts';
import type { Blas } from '../numerics/blas.ts';
import type { Skip } from './skip.ts';

/** What every pass is given. Nothing here is global: time, randomness and products come in from outside. */
export interface PassContext<Options> {
  readonly options: Options;
  readonly model: Model;
  skip(node: Node, code: Skip['code'], text: string): Skip;
}

/** What a fit may use. */
export interface FitContext {
  readonly blas: Blas;
  /** Uniform in [0, 1), seeded per node: the same node gets the same numbers whatever else is compressed. */
  random(): number;
  readonly signal: AbortSignal;
}
