import {
  type Attribute,
  attribute,
  type DType,
  fromFloat64,
  Graph,
  Model,
  Node,
  type RealDType,
  type Tensor,
  Value,
} from '../../src/ir/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';

/** Builds small models node by node: every value is known by its name. */
export class ModelBuilder {
  readonly model: Model;
  readonly #values = new Map<string, Value>();
  readonly #dtype: RealDType;

  constructor({
    irVersion = 8,
    opset = 13,
    dtype = 'float32',
  }: { irVersion?: number; opset?: number; dtype?: RealDType } = {}) {
    this.model = new Model(irVersion, new Graph('small'));
    this.model.opsetImports = [{ domain: '', version: opset }];
    this.#dtype = dtype;
  }

  input(name: string, shape: readonly (number | string)[], dtype: DType = this.#dtype): this {
    const value = new Value(name, { kind: 'tensor', dtype, shape });
    this.#values.set(name, value);
    this.model.graph.inputs.push(value);
    return this;
  }

  /** Normal numbers from a stream of its own, scaled by `scale`, moved by `offset`. */
  random(name: string, dims: readonly number[], { scale = 1, offset = 0 } = {}): this {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const data = seededRandom(1, name)
      .normals(size)
      .map((value) => offset + scale * value);
    return this.tensor(name, fromFloat64(data, dims, this.#dtype));
  }

  tensor(name: string, tensor: Tensor): this {
    this.#values.set(name, this.model.graph.addInitializer(name, tensor));
    return this;
  }

  node(
    opType: string,
    inputs: readonly string[],
    output: string,
    attributes: readonly Attribute[] = [],
    name = `${output}/node`,
  ): this {
    return this.nodes(opType, inputs, [output], attributes, name);
  }

  /** A node with several outputs. */
  nodes(
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: readonly Attribute[] = [],
    name = `${outputs[0]}/node`,
  ): this {
    const values = outputs.map((output) => new Value(output));
    outputs.forEach((output, index) => {
      this.#values.set(output, values[index] as Value);
    });
    this.model.graph.append(
      new Node({ name, opType, inputs: inputs.map((input) => this.value(input)), outputs: values, attributes }),
    );
    return this;
  }

  output(name: string): this {
    const value = this.value(name);
    value.type ??= { kind: 'tensor', dtype: this.#dtype };
    this.model.graph.outputs.push(value);
    return this;
  }

  value(name: string): Value {
    const value = this.#values.get(name);
    if (!value) throw new Error(`no value ${name}`);
    return value;
  }

  nodeNamed(name: string): Node {
    const node = this.model.graph.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new Error(`no node ${name}`);
    return node;
  }
}

/** x [1, 8, 9, 9] → Conv 8→12 3×3 → batch-norm → Relu → Conv 12→16 3×3 stride 2 → pool → Gemm 16→5. */
export function smallCnn(options: { irVersion?: number; opset?: number; dtype?: RealDType } = {}): Model {
  return new ModelBuilder(options)
    .input('x', [1, 8, 9, 9])
    .random('w1', [12, 8, 3, 3], { scale: 0.1 })
    .random('b1', [12])
    .random('scale', [12], { scale: 0.1, offset: 1 })
    .random('shift', [12])
    .random('mean', [12])
    .random('variance', [12], { scale: 0.1, offset: 2 })
    .random('w2', [16, 12, 3, 3], { scale: 0.1 })
    .random('w3', [16, 5])
    .random('b3', [5])
    .node('Conv', ['x', 'w1', 'b1'], 'c1', [attribute.ints('pads', [1, 1, 1, 1])], 'conv1')
    .node('BatchNormalization', ['c1', 'scale', 'shift', 'mean', 'variance'], 'n1', [], 'norm1')
    .node('Relu', ['n1'], 'r1')
    .node('Conv', ['r1', 'w2'], 'c2', [attribute.ints('strides', [2, 2])], 'conv2')
    .node('Relu', ['c2'], 'r2')
    .node('GlobalAveragePool', ['r2'], 'p')
    .node('Flatten', ['p'], 'f')
    .node('Gemm', ['f', 'w3', 'b3'], 'y', [], 'classifier')
    .output('y').model;
}
