import type { Attribute, Graph, Node, NodeInit, Tensor, Value } from '../ir/index.ts';

export interface NewNode extends Omit<NodeInit, 'outputs'> {
  readonly name: string;
  /** A name makes a fresh value; an existing Value is taken over from its producer, which must be removed as well. */
  readonly outputs: readonly (string | Value)[];
}

/**
 * The only way to change a graph. Edits are noted while the rewrite runs and take effect together afterwards; a rewrite
 * that throws leaves no trace.
 */
export interface Editor {
  readonly graph: Graph;
  /** A node placed before the anchor of this rewrite. Names are made fresh. */
  node(init: NewNode): Node;
  /** A new initializer; its name is made fresh. */
  initializer(name: string, tensor: Tensor): Value;
  /** The value that was read there goes too when nobody else reads it and it is constant. */
  setInput(node: Node, index: number, value: Value | null): void;
  /** Makes `node` compute an existing value, whose producer must be removed as well; its own old output goes. */
  setOutput(node: Node, index: number, value: Value): void;
  setAttribute(node: Node, attribute: Attribute): void;
  removeAttribute(node: Node, name: string): void;
  /** All readers of `value` read `replacement`. */
  replaceUses(value: Value, replacement: Value): void;
  /** Removes the node, and the initializers and Constant nodes that only it read. */
  remove(node: Node): void;
  removeInitializer(value: Value): void;
}
