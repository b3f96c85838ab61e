import { type Attribute, dropInitializer, type Graph, type Model, Node, type Tensor, Value } from '../ir/index.ts';
import type { Editor, NewNode } from '../pass/index.ts';

/** Runs `rewrite` and applies its edits, all or none. Returns true when there was anything to apply. */
export function editGraph(model: Model, anchor: Node | undefined, rewrite: (edit: Editor) => void): boolean {
  const draft = new Draft(model, anchor);
  try {
    rewrite(draft);
  } catch (cause) {
    draft.abandon();
    throw cause;
  }
  return draft.apply();
}

class Draft implements Editor {
  readonly graph: Graph;
  readonly #model: Model;
  readonly #anchor: Node | undefined;
  readonly #nodes: Node[] = [];
  readonly #takeovers: { readonly node: Node; readonly index: number; readonly value: Value }[] = [];
  readonly #initializers: Value[] = [];
  readonly #removed: Node[] = [];
  readonly #edits: (() => void)[] = [];

  constructor(model: Model, anchor: Node | undefined) {
    this.graph = model.graph;
    this.#model = model;
    this.#anchor = anchor;
  }

  node(init: NewNode): Node {
    const name = this.graph.freshName(init.name);
    const outputs = init.outputs.map((output) =>
      typeof output === 'string' ? new Value(output === init.name ? name : this.graph.freshName(output)) : null,
    );
    const node = new Node({ ...init, name, outputs });
    init.outputs.forEach((value, index) => {
      if (typeof value !== 'string') this.#takeovers.push({ node, index, value });
    });
    this.#nodes.push(node);
    return node;
  }

  initializer(name: string, tensor: Tensor): Value {
    const value = new Value(this.graph.freshName(name));
    value.tensor = tensor;
    this.#initializers.push(value);
    return value;
  }

  setInput(node: Node, index: number, value: Value | null): void {
    this.#edits.push(() => {
      const old = node.inputs[index];
      node.setInput(index, value);
      if (old) dropIfUnread(this.#model, old);
    });
  }

  setOutput(node: Node, index: number, value: Value): void {
    this.#takeovers.push({ node, index, value });
  }

  setAttribute(node: Node, attribute: Attribute): void {
    this.#edits.push(() => node.attributes.set(attribute.name, attribute));
  }

  removeAttribute(node: Node, name: string): void {
    this.#edits.push(() => node.attributes.delete(name));
  }

  replaceUses(value: Value, replacement: Value): void {
    this.#edits.push(() => value.replaceAllUsesWith(replacement));
  }

  remove(node: Node): void {
    this.#removed.push(node);
  }

  removeInitializer(value: Value): void {
    this.#edits.push(() => dropInitializer(this.#model, value));
  }

  abandon(): void {
    for (const node of this.#nodes) node.detach();
  }

  apply(): boolean {
    const changed = [this.#nodes, this.#removed, this.#edits, this.#initializers, this.#takeovers].some(
      ({ length }) => length > 0,
    );
    for (const value of this.#initializers) this.graph.initializers.add(value);
    if (this.#nodes.length > 0) {
      if (this.#anchor) this.graph.insertBefore(this.#anchor, this.#nodes);
      else for (const node of this.#nodes) this.graph.append(node);
    }
    const orphans = new Set(this.#removed.flatMap((node) => node.inputs.filter((value) => value !== null)));
    const results = this.#removed.flatMap((node) => node.outputs.filter((value) => value !== null));
    for (const node of this.#removed) this.graph.remove(node);
    for (const { node, index, value } of this.#takeovers) {
      const old = node.outputs[index];
      if (old) this.graph.valueInfo.delete(old);
      node.setOutput(index, value);
    }
    for (const edit of this.#edits) edit();
    for (const value of results) if (!value.producer) this.graph.valueInfo.delete(value);
    for (const value of orphans) dropIfUnread(this.#model, value);
    return changed;
  }
}

function dropIfUnread(model: Model, value: Value): void {
  const { graph } = model;
  if (value.uses.size > 0 || graph.isOutput(value)) return;
  if (value.isInitializer) dropInitializer(model, value);
  else if (value.producer?.is('Constant') && value.producer.graph === graph) {
    graph.remove(value.producer);
    graph.valueInfo.delete(value);
  }
}
