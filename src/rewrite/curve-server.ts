import type { RealArray, RealNdArray } from '../numerics/index.ts';
import type { FitContext, LinearOperator, Ranks } from '../pass/index.ts';
import { errorCurve } from './error-curve.ts';
import type { PricedMethod } from './priced-method.ts';

/** An operator without its place in a graph: all that a method needs to say what it would make of it. */
export type OperatorSizes = Omit<LinearOperator, 'node' | 'input' | 'weight' | 'bias' | 'output'>;

/** The errors of one method on one node, as a question that can be put to another thread. */
export interface CurveJob extends Pick<FitContext, 'seed' | 'effort' | 'metric'> {
  readonly pass: string;
  /** Of the pass. */
  readonly options: unknown;
  readonly operator: OperatorSizes;
  readonly kernel: RealNdArray;
  readonly ranks: readonly Ranks[];
}

/** Computes error curves beside what the caller does meanwhile. */
export interface CurveServer {
  /** Nodes whose errors may be on their way while the next ones are looked at. */
  readonly nodesBehind: number;
  /** undefined where it does not know the pass. */
  errors(job: CurveJob): Promise<readonly number[]> | undefined;
}

/** `errorCurve` of a method, by the server where there is one: the numbers are the same. */
export async function curveOf(
  method: PricedMethod,
  kernel: RealNdArray,
  ranks: readonly Ranks[],
  context: FitContext,
  server: CurveServer | undefined,
): Promise<readonly number[]> {
  try {
    const elsewhere = server?.errors(jobOf(method, kernel, ranks, context));
    if (elsewhere) return await elsewhere;
  } catch {
    // A pass that breaks down does so here again, with its own error.
    context.signal.throwIfAborted();
  }
  return errorCurve(method.decomposition, kernel, ranks, context);
}

function jobOf(
  { pass, options, operator: { node, input, weight, bias, output, ...operator } }: PricedMethod,
  { data, dims }: RealNdArray,
  ranks: readonly Ranks[],
  { seed, effort, metric }: FitContext,
): CurveJob {
  const kernel = { data: alone(data), dims };
  return {
    ...{ pass, options, operator, kernel, ranks, seed, effort },
    ...(metric && { metric: { ...metric, grams: metric.grams.map(alone) } }),
  };
}

/** What is sent takes its whole buffer along, which for weights is the model's file. */
function alone<Data extends RealArray>(data: Data): Data {
  return data.byteLength === data.buffer.byteLength ? data : (data.slice() as Data);
}
