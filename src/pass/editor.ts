import type { Graph, Node, NodeInit, Tensor, Value } from '../ir/index.ts';

/** The only way to change a graph. Records what it did, so that a failed rewrite can be undone. */
export interface Editor {
  /** A node placed before the anchor of this rewrite; its outputs are fresh values. */
  node(init: Omit<NodeInit, 'outputs'> & { readonly outputs: readonly string[] }): Node;
  /** A new initializer; its name is made fresh. */
  initializer(name: string, tensor: Tensor): Value;
  /** Readers of `old` (graph outputs included) get `replacement`; a graph output keeps its name and type. */
  replaceValue(old: Value, replacement: Value): void;
  setInput(node: Node, index: number, value: Value | null): void;
  setAttribute(node: Node, attribute: import('../ir/index.ts').Attribute): void;
  removeAttribute(node: Node, name: string): void;
  /** Removes the node and the initializers that nobody reads any more. */
  remove(node: Node): void;
  removeInitializer(value: Value): void;
  readonly graph: Graph;
}
