import type { Attribute } from './attribute.ts';
import type { Extras } from './extras.ts';
import type { Graph } from './graph.ts';
import type { Use, Value } from './value.ts';

export interface NodeInit {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly (Value | null)[];
  readonly attributes?: readonly Attribute[];
  readonly docString?: string;
  readonly extras?: Extras;
}

const decoder = new TextDecoder();

/** One operator call. `null` among inputs or outputs is an optional one left out. */
export class Node {
  name: string;
  readonly opType: string;
  /** '' is the default domain, also when the file says 'ai.onnx'. */
  readonly domain: string;
  readonly attributes: Map<string, Attribute>;
  docString: string | undefined;
  extras: Extras | undefined;
  /** The graph that lists this node; undefined once removed. Maintained by Graph. */
  graph: Graph | undefined;
  readonly #inputs: (Value | null)[] = [];
  readonly #inputUses: (Use | null)[] = [];
  readonly #outputs: (Value | null)[];

  constructor(init: NodeInit) {
    this.name = init.name ?? '';
    this.opType = init.opType;
    this.domain = init.domain === 'ai.onnx' ? '' : (init.domain ?? '');
    this.attributes = new Map((init.attributes ?? []).map((item) => [item.name, item]));
    this.docString = init.docString;
    this.extras = init.extras;
    init.inputs.forEach((value, index) => {
      this.setInput(index, value);
    });
    this.#outputs = [...init.outputs];
    for (const value of this.#outputs) {
      if (!value) continue;
      if (value.producer) throw new Error(`value ${value.name} already has a producer`);
      value.producer = this;
    }
  }

  get inputs(): readonly (Value | null)[] {
    return this.#inputs;
  }

  get outputs(): readonly (Value | null)[] {
    return this.#outputs;
  }

  setInput(index: number, value: Value | null): void {
    while (this.#inputs.length < index) {
      this.#inputs.push(null);
      this.#inputUses.push(null);
    }
    const old = this.#inputUses[index];
    if (old) this.#inputs[index]?.uses.delete(old);
    const use = value ? { node: this, index } : null;
    if (value && use) value.uses.add(use);
    this.#inputs[index] = value;
    this.#inputUses[index] = use;
  }

  setOutput(index: number, value: Value | null): void {
    const old = this.#outputs[index];
    if (old) old.producer = undefined;
    if (value) {
      if (value.producer) throw new Error(`value ${value.name} already has a producer`);
      value.producer = this;
    }
    this.#outputs[index] = value;
  }

  /** Lets go of all inputs and outputs, and so do the nodes of its subgraphs. Graph calls it on removal. */
  detach(): void {
    this.#inputs.forEach((_, index) => {
      this.setInput(index, null);
    });
    this.#inputs.length = 0;
    this.#inputUses.length = 0;
    for (const value of this.#outputs) if (value) value.producer = undefined;
    this.#outputs.length = 0;
    for (const graph of this.subgraphs) for (const inner of graph.nodes) inner.detach();
  }

  /** True for an operator of the standard's default domain. */
  is(...opTypes: string[]): boolean {
    return this.domain === '' && opTypes.includes(this.opType);
  }

  int(name: string): number | undefined;
  int(name: string, fallback: number): number;
  int(name: string, fallback?: number): number | undefined {
    const value = this.attributes.get(name)?.value;
    return value?.kind === 'int' ? Number(value.value) : fallback;
  }

  ints(name: string): readonly number[] | undefined {
    const value = this.attributes.get(name)?.value;
    return value?.kind === 'ints' ? value.value.map(Number) : undefined;
  }

  float(name: string, fallback: number): number {
    const value = this.attributes.get(name)?.value;
    return value?.kind === 'float' ? value.value : fallback;
  }

  string(name: string, fallback: string): string {
    const value = this.attributes.get(name)?.value;
    return value?.kind === 'string' ? decoder.decode(value.value) : fallback;
  }

  /** Graphs in attributes: bodies of If, Loop, Scan and the like. */
  get subgraphs(): readonly Graph[] {
    const graphs: Graph[] = [];
    for (const { value } of this.attributes.values()) {
      if (value.kind === 'graph') graphs.push(value.value);
      if (value.kind === 'graphs') graphs.push(...value.value);
    }
    return graphs;
  }
}
