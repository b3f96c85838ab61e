import { type Attribute, attribute, type DType, fromFloat64, type Graph, Node, Value } from '../ir/index.ts';
import { elementCount } from './gradient-rule.ts';

/** Puts nodes at the end of a graph, in the form that the model's opset wants. */
export class GraphBuilder {
  readonly graph: Graph;
  readonly #opset: number;

  constructor(graph: Graph, opset: number) {
    this.graph = graph;
    this.#opset = opset;
  }

  node(opType: string, inputs: readonly (Value | null)[], attributes: readonly Attribute[] = []): Value {
    const output = new Value(this.graph.freshName(`gradient/${opType}`));
    this.graph.append(new Node({ name: output.name, opType, inputs, outputs: [output], attributes }));
    return output;
  }

  constant(values: ArrayLike<number>, dims: readonly number[], dtype: DType): Value {
    return this.graph.addInitializer('gradient/constant', fromFloat64(values, dims, dtype));
  }

  /** One number in all places. */
  filled(value: number, dims: readonly number[], dtype: DType): Value {
    return this.constant(new Float64Array(elementCount(dims)).fill(value), dims, dtype);
  }

  scalar(value: number, dtype: DType): Value {
    return this.constant([value], [], dtype);
  }

  multiply(a: Value, b: Value): Value {
    return this.node('Mul', [a, b]);
  }

  add(a: Value, b: Value): Value {
    return this.node('Add', [a, b]);
  }

  /** 1 where a > b, else 0. */
  greater(a: Value, b: Value, dtype: DType): Value {
    return this.#asNumbers(this.node('Greater', [a, b]), dtype);
  }

  /** 1 where a ≥ b, else 0: from what every opset has. */
  atLeast(a: Value, b: Value, dtype: DType): Value {
    return this.#asNumbers(this.node('Not', [this.node('Less', [a, b])]), dtype);
  }

  #asNumbers(truths: Value, dtype: DType): Value {
    return this.node('Cast', [truths], [attribute.int('to', dtype === 'float64' ? 11 : 1)]);
  }

  reshape(value: Value, dims: readonly number[]): Value {
    return this.node('Reshape', [value, this.constant(dims, [dims.length], 'int64')]);
  }

  /** Sums over some axes, which stay with size 1. */
  sum(value: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return value;
    const keep = attribute.int('keepdims', 1);
    return this.#opset < 13
      ? this.node('ReduceSum', [value], [attribute.ints('axes', axes), keep])
      : this.node('ReduceSum', [value, this.constant(axes, [axes.length], 'int64')], [keep]);
  }

  /** Elements `start` to `end` of one axis. */
  slice(value: Value, axis: number, start: number, end: number): Value {
    if (this.#opset < 10) {
      const of = (name: string, number: number) => attribute.ints(name, [number]);
      return this.node('Slice', [value], [of('axes', axis), of('starts', start), of('ends', end)]);
    }
    const [starts, ends, axes] = [start, end, axis].map((number) => this.constant([number], [1], 'int64'));
    return this.node('Slice', [value, starts ?? null, ends ?? null, axes ?? null]);
  }

  /** Zeros before and after, one number for each axis. */
  pad(value: Value, before: readonly number[], after: readonly number[]): Value {
    const pads = [...before, ...after];
    if (pads.every((pad) => pad === 0)) return value;
    return this.#opset < 11
      ? this.node('Pad', [value], [attribute.ints('pads', pads)])
      : this.node('Pad', [value, this.constant(pads, [pads.length], 'int64')]);
  }

  concatenate(values: readonly Value[], axis: number): Value {
    return values.length === 1 ? (values[0] as Value) : this.node('Concat', values, [attribute.int('axis', axis)]);
  }

  transpose(value: Value, order: readonly number[]): Value {
    return this.node('Transpose', [value], [attribute.ints('perm', order)]);
  }

  /** What broadcasting `to` came to, summed back to it. */
  sumTo(value: Value, from: readonly number[], to: readonly number[]): Value {
    const ahead = from.length - to.length;
    const axes = from.flatMap((size, axis) => (axis < ahead || (to[axis - ahead] === 1 && size !== 1) ? [axis] : []));
    const summed = this.sum(value, axes);
    return ahead > 0 ? this.reshape(summed, to) : summed;
  }
}
