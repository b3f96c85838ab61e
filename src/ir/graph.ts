import type { Extras } from './extras.ts';
import type { Node } from './node.ts';
import type { Tensor } from './tensor.ts';
import { Value } from './value.ts';

/**
 * Nodes in file order plus the interface. Object references only: names matter to the outside, never to us, so
 * renaming a value is an assignment.
 */
export class Graph {
  name: string;
  docString: string | undefined;
  extras: Extras | undefined;
  /** The graph whose node holds this one as an attribute; undefined for a main graph. */
  parent: Graph | undefined;
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  /** Values with a tensor, in file order. */
  readonly initializers: Set<Value> = new Set();
  /** Values that the file describes under value_info, in file order. */
  readonly valueInfo: Set<Value> = new Set();
  readonly #nodes: Node[] = [];
  #names: Set<string> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  append(node: Node): void {
    node.graph = this;
    this.#nodes.push(node);
    this.#remember(node);
  }

  /** Puts `nodes` where `anchor` stands, in order. */
  insertBefore(anchor: Node, nodes: readonly Node[]): void {
    const index = this.#nodes.indexOf(anchor);
    if (index < 0) throw new Error(`node ${anchor.name} is not in graph ${this.name}`);
    this.#nodes.splice(index, 0, ...nodes);
    for (const node of nodes) {
      node.graph = this;
      this.#remember(node);
    }
  }

  /** Puts `node` behind `anchor`. */
  insertAfter(anchor: Node, node: Node): void {
    const next = this.#nodes[this.#nodes.indexOf(anchor) + 1];
    if (next) this.insertBefore(next, [node]);
    else this.append(node);
  }

  remove(node: Node): void {
    const index = this.#nodes.indexOf(node);
    if (index < 0) throw new Error(`node ${node.name} is not in graph ${this.name}`);
    this.#nodes.splice(index, 1);
    node.detach();
    node.graph = undefined;
  }

  /** Keeps the nodes for which `keep` is true, in one sweep. */
  filter(keep: (node: Node) => boolean): void {
    const kept: Node[] = [];
    for (const node of this.#nodes) {
      if (keep(node)) kept.push(node);
      else {
        node.detach();
        node.graph = undefined;
      }
    }
    this.#nodes.length = 0;
    for (const node of kept) this.#nodes.push(node);
  }

  addInitializer(name: string, tensor: Tensor): Value {
    const value = new Value(this.freshName(name));
    value.tensor = tensor;
    this.initializers.add(value);
    return value;
  }

  isOutput(value: Value): boolean {
    return this.outputs.includes(value);
  }

  isInput(value: Value): boolean {
    return this.inputs.includes(value);
  }

  /** `base`, or `base_1`, `base_2` … : the first that no value or node of this model bears. Reserves it. */
  freshName(base: string): string {
    const names = this.#root().#allNames();
    let name = base;
    for (let suffix = 1; names.has(name); suffix++) name = `${base}_${suffix}`;
    names.add(name);
    return name;
  }

  #root(): Graph {
    return this.parent ? this.parent.#root() : this;
  }

  #allNames(): Set<string> {
    if (!this.#names) {
      this.#names = new Set();
      this.#collectNames(this.#names);
    }
    return this.#names;
  }

  #collectNames(names: Set<string>): void {
    for (const value of [...this.inputs, ...this.outputs, ...this.initializers, ...this.valueInfo])
      names.add(value.name);
    for (const node of this.#nodes) collectNodeNames(node, names, (graph) => graph.#collectNames(names));
  }

  #remember(node: Node): void {
    const names = this.#root().#names;
    if (names) collectNodeNames(node, names, (graph) => graph.#collectNames(names));
  }
}

function collectNodeNames(node: Node, names: Set<string>, descend: (graph: Graph) => void): void {
  names.add(node.name);
  for (const value of [...node.inputs, ...node.outputs]) if (value) names.add(value.name);
  for (const graph of node.subgraphs) descend(graph);
}
