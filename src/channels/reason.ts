import { label, type Node } from '../ir/index.ts';

/** Why channels cannot be removed. Codes are stable: they stand in reports. */
export type FrozenCode =
  | 'graph-output' // the interface never changes
  | 'fixed-channels' // they meet channels that are no filters of ours: a graph input's, an axis that nobody labels
  | 'mixes-channels' // the operator reads all of them at once: softmax or a norm over channels, LRN, recurrent ones
  | 'unknown-operator' // no rule says what the operator does with channels
  | 'weight-not-constant' // computed at run time, or a graph input may replace it
  | 'weight-shared' // another reader needs the weight as it is
  | 'shape-unknown' // a size that the rewrite needs is not known
  | 'shape-computed' // sizes computed at run time would change their meaning
  | 'subgraph' // a body of If, Loop or Scan captures them
  | 'non-finite' // NaN or infinite numbers among the weights
  | 'not-legal'; // an attribute or form that the rules do not cover; the text says which

export interface Frozen {
  readonly code: FrozenCode;
  readonly text: string;
  /** Undefined for graph outputs. */
  readonly node: Node | undefined;
}

export function frozenBy(node: Node, code: FrozenCode, text: string): Frozen {
  return { code, text: `${node.opType} ${label(node)} ${text}`, node };
}
