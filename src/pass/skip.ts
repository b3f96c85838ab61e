import type { Node } from '../ir/index.ts';

/** Why a node is left alone. Codes are stable: they stand in plans and reports. */
export type SkipCode =
  | 'excluded' // --include, --exclude or the plan says keep
  | 'no-method' // no pass of the pipeline matches
  | 'no-gain' // no rank saves parameters or MACs
  | 'error-bound' // every candidate that gains exceeds the error bound
  | 'budget' // under the goal it is better kept: others save as much for less
  | 'slower' // rewritten it would take more time
  | 'end-layer' // first or last layer, kept by the rank pass
  | 'rank-zero' // the rank rule found no signal
  | 'non-finite' // NaN or Inf among the weights
  | 'zero-weight' // nothing to factorize
  | 'weight-not-constant' // computed at run time
  | 'weight-overridable' // a graph input may replace it
  | 'weight-shared' // other nodes need the weight as it is
  | 'dtype' // not float32, float16, bfloat16 or float64
  | 'shape-unknown' // a shape that the rewrite needs is not known
  | 'not-legal' // an attribute or form that the method does not cover; the text says which
  | 'subgraph' // inside a body of If, Loop, Scan or a function
  | 'quantized' // weight behind DequantizeLinear
  | 'unobserved' // calibration could not see what goes through it
  | 'opset-unsupported' // outside what the runtime can check
  | 'check-failed' // the rewrite did not prove equivalent
  | 'pass-failed' // the pass itself broke down on it
  | 'runtime-crashed'; // ONNX Runtime died on it

/** A decision not to touch a node: data, not an error. */
export interface Skip {
  readonly kind: 'skip';
  readonly node: Node;
  readonly code: SkipCode;
  readonly text: string;
}

export function skip(node: Node, code: SkipCode, text: string): Skip {
  return { kind: 'skip', node, code, text };
}

export function isSkip(value: unknown): value is Skip {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'skip';
}
