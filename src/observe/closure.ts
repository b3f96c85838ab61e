import { captures, type Node, type Value } from '../ir/index.ts';

export interface Closure {
  /** Nodes that have to run for the wanted values. */
  readonly nodes: ReadonlySet<Node>;
  /** Values at hand that those nodes, or the wish itself, rest on. */
  readonly boundary: ReadonlySet<Value>;
}

/** What has to run for `wanted` when the values for which `atHand` is true need not be computed. */
export function closure(wanted: Iterable<Value>, atHand: (value: Value) => boolean): Closure {
  const nodes = new Set<Node>();
  const boundary = new Set<Value>();
  const open = [...wanted];
  for (let value = open.pop(); value; value = open.pop()) {
    if (atHand(value)) boundary.add(value);
    else if (value.producer && !nodes.has(value.producer)) {
      nodes.add(value.producer);
      open.push(...reads(value.producer));
    }
  }
  return { nodes, boundary };
}

/** Values of the node's own graph that it or its subgraphs read. */
export function reads(node: Node): readonly Value[] {
  return [...node.inputs.filter((value) => value !== null), ...(node.subgraphs.length > 0 ? captures(node) : [])];
}
