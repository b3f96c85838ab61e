import { type Graph, type Model, type Node, topologicalOrder, type Value } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import { Atoms } from './atoms.ts';
import type { ChannelAxis } from './channel-axis.ts';
import { type Constant, constantOf, type Shelf } from './constant.ts';
import type { Filters } from './kernel.ts';
import type { Axes } from './site.ts';
import type { Edit } from './surgeon.ts';

/** A constant that one node reads channel by channel along one axis. */
export interface Cut {
  readonly node: Node;
  readonly index: number;
  readonly constant: Constant;
  readonly axis: number;
  readonly channels: ChannelAxis;
  /** Whether these numbers are what a reader does with the channels; otherwise they are part of what makes them. */
  readonly reads: boolean;
}

/** Channels that a node makes out of nothing. */
export interface Filler {
  readonly node: Node;
  readonly value: Value;
  readonly axis: number;
  readonly channels: ChannelAxis;
}

/** What the walk over the graph has found so far. */
export class Draft {
  readonly model: Model;
  readonly shapes: ShapeInfo;
  readonly atoms = new Atoms();
  /** Channel axes of each value that has any, in topological order. */
  readonly axes = new Map<Value, Axes>();
  /** Vectors computed from shapes: which channel count each element is. */
  readonly counts = new Map<Value, Axes>();
  /** Other numbers computed from channel counts: which ones they depend on. */
  readonly dependents = new Map<Value, readonly ChannelAxis[]>();
  /** Nodes of the main graph, each after those that feed it. */
  readonly nodes: readonly Node[];
  readonly cuts: Cut[] = [];
  readonly edits: Edit[] = [];
  readonly filters: Filters[] = [];
  readonly fillers: Filler[] = [];
  readonly #shelf: Shelf = {};
  readonly #constants = new Map<Value, Constant | undefined>();

  constructor(model: Model, shapes: ShapeInfo) {
    this.model = model;
    this.shapes = shapes;
    this.nodes = topologicalOrder(model.graph).nodes ?? [];
  }

  get graph(): Graph {
    return this.model.graph;
  }

  constant(value: Value): Constant | undefined {
    if (!this.#constants.has(value))
      this.#constants.set(value, constantOf(value, this.model, this.shapes, this.#shelf));
    return this.#constants.get(value);
  }
}
