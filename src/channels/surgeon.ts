import { attribute, dropUnread, fromFloat64, int64Tensor, type Model, Node, type Tensor, Value } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import type { ChannelAxis } from './channel-axis.ts';

/** Changes that a node needs beside smaller constants. */
export type Edit = (surgeon: Surgeon) => void;

/** Notes the changes of a removal; nothing happens to the model before all are known. */
export class Surgeon {
  readonly #changes: (() => void)[] = [];
  readonly #goes: (atom: number) => boolean;
  readonly #model: Model;
  readonly #shapes: ShapeInfo;

  constructor(
    goes: (atom: number) => boolean,
    { model, shapes }: { readonly model: Model; readonly shapes: ShapeInfo },
  ) {
    this.#goes = goes;
    this.#model = model;
    this.#shapes = shapes;
  }

  /** Positions that stay. */
  kept(axis: ChannelAxis): number[] {
    const kept: number[] = [];
    for (let position = 0; position < axis.atoms.length; position++)
      if (!this.#goes(axis.atoms[position] as number)) kept.push(position);
    return kept;
  }

  /** How many of the first `end` positions, from `start` on, stay. */
  count(axis: ChannelAxis, start = 0, end = axis.atoms.length): number {
    let count = 0;
    for (let position = start; position < end; position++) if (!this.#goes(axis.atoms[position] as number)) count++;
    return count;
  }

  loses(axis: ChannelAxis | undefined): boolean {
    return axis?.atoms.some((atom) => this.#goes(atom)) ?? false;
  }

  setInt(node: Node, name: string, value: number): void {
    this.#changes.push(() => node.attributes.set(name, attribute.int(name, value)));
  }

  setInts(node: Node, name: string, values: readonly number[]): void {
    this.#changes.push(() => node.attributes.set(name, attribute.ints(name, values)));
  }

  setFloat(node: Node, name: string, value: number): void {
    this.#changes.push(() => node.attributes.set(name, attribute.float(name, value)));
  }

  removeAttribute(node: Node, name: string): void {
    this.#changes.push(() => node.attributes.delete(name));
  }

  /** Another vector of whole numbers at input `index`, of the type that the old one has. */
  setVector(node: Node, index: number, values: readonly number[], dims: readonly number[] = [values.length]): void {
    const old = node.inputs[index];
    const dtype = (old && this.#shapes.dtypeOf(old)) || 'int64';
    this.setTensors([[node, index]], fromFloat64(values, dims, dtype));
  }

  /** One new initializer for several inputs; what was there goes when nobody else reads it. */
  setTensors(uses: readonly (readonly [Node, number])[], tensor: Tensor): void {
    this.#changes.push(() => this.#replace(uses, this.#model.graph.addInitializer(this.#nameFor(uses), tensor)));
  }

  /** The same for a constant that a ConstantOfShape fills: a smaller one of its kind. */
  setFilled(uses: readonly (readonly [Node, number])[], filler: Node, dims: readonly number[]): void {
    this.#changes.push(() => {
      const { graph } = this.#model;
      const name = this.#nameFor(uses);
      const shape = graph.addInitializer(`${name}/shape`, int64Tensor(dims));
      const output = new Value(graph.freshName(name));
      const node = new Node({
        ...{ name: graph.freshName(`${name}/fill`), opType: filler.opType, inputs: [shape], outputs: [output] },
        attributes: [...filler.attributes.values()],
      });
      graph.insertBefore(filler, [node]);
      this.#replace(uses, output);
    });
  }

  /** y = node(…) becomes y = node(…) + tensor. */
  addAfter(node: Node, tensor: Tensor): void {
    this.#changes.push(() => {
      const { graph } = this.#model;
      const [y] = node.outputs;
      if (!y) return;
      const before = new Value(graph.freshName(`${y.name}/without-constants`));
      const constants = graph.addInitializer(`${y.name}/constants`, tensor);
      node.setOutput(0, before);
      const add = {
        name: graph.freshName(`${y.name}/add-constants`),
        opType: 'Add',
        inputs: [before, constants],
        outputs: [y],
      };
      graph.insertAfter(node, new Node(add));
    });
  }

  operate(): void {
    for (const change of this.#changes) change();
  }

  #nameFor([first]: readonly (readonly [Node, number])[]): string {
    const old = first?.[0].inputs[first[1]];
    return old?.name ?? `${first?.[0].outputs[0]?.name}/bias`;
  }

  #replace(uses: readonly (readonly [Node, number])[], value: Value): void {
    for (const [node, index] of uses) {
      const old = node.inputs[index];
      node.setInput(index, value);
      if (old) dropUnread(this.#model, old);
    }
  }
}
