import type { DType } from './dtype.ts';
import type { Extras } from './extras.ts';
import type { Node } from './node.ts';
import type { Tensor } from './tensor.ts';

/** A size, a named symbol, or not known. */
export type Dim = number | string | undefined;

/** ONNX TypeProto. A tensor without `shape` has unknown rank. */
export type ValueType =
  | { readonly kind: 'tensor'; readonly dtype: DType; readonly shape?: readonly Dim[]; readonly extras?: Extras }
  /** Sequences, maps, optionals, sparse and opaque types: kept, not interpreted. */
  | { readonly kind: 'other'; readonly extras: Extras };

/** Input `index` of `node` reads the value. */
export interface Use {
  readonly node: Node;
  readonly index: number;
}

/**
 * A named edge of the graph: made by a node, fed from outside, or constant. It knows its producer and its uses (those
 * inside subgraphs included); both are kept by Node and Graph, so that they are always true.
 */
export class Value {
  name: string;
  type: ValueType | undefined;
  /** Node that computes this value; undefined for graph inputs and initializers. */
  producer: Node | undefined;
  /** Set on initializers. */
  tensor: Tensor | undefined;
  docString: string | undefined;
  extras: Extras | undefined;
  /** Maintained by Node. */
  readonly uses: Set<Use> = new Set();

  constructor(name: string, type?: ValueType) {
    this.name = name;
    this.type = type;
  }

  get isInitializer(): boolean {
    return this.tensor !== undefined;
  }

  /** Dims of a tensor of known rank, otherwise undefined. */
  get shape(): readonly Dim[] | undefined {
    if (this.tensor) return this.tensor.dims;
    return this.type?.kind === 'tensor' ? this.type.shape : undefined;
  }

  get dtype(): DType | undefined {
    if (this.tensor) return this.tensor.dtype;
    return this.type?.kind === 'tensor' ? this.type.dtype : undefined;
  }

  /** Makes every node that reads this value read `other`. Graph outputs are the graph's: see Graph.replaceOutput. */
  replaceAllUsesWith(other: Value): void {
    for (const { node, index } of [...this.uses]) node.setInput(index, other);
  }
}
