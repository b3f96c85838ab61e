/** Why ONNX Runtime cannot judge a whole model: no fault of the rewrite, and said in the report. */
export interface Unjudged {
  readonly kind: 'unjudged';
  readonly reason: string;
}

export function unjudged(reason: string): Unjudged {
  return { kind: 'unjudged', reason };
}

export function isUnjudged(result: object): result is Unjudged {
  return 'kind' in result && result.kind === 'unjudged';
}
