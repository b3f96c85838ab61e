import {
  type Attribute,
  attribute,
  type Dim,
  fromFloat64,
  type Model,
  type RealDType,
  type Tensor,
  type Value,
} from '../../../src/ir/index.ts';
import type { SeededRandom } from '../../../src/numerics/index.ts';
import { chance, pick } from '../../support/draws.ts';
import { ModelBuilder } from '../../support/small-models.ts';
import { weightData } from './weight-data.ts';

/** What all of a network shares. */
export interface NetworkKind {
  readonly irVersion: number;
  readonly opset: number;
  readonly dtype: RealDType;
}

/** A network that grows node by node; names, weights and how they are stored are drawn here. */
export class NetworkDraft {
  readonly kind: NetworkKind;
  readonly random: SeededRandom;
  readonly #builder: ModelBuilder;
  readonly #counts = new Map<string, number>();
  readonly #vectors = new Map<string, { readonly name: string; readonly tensor: Tensor }>();
  /** Computed values that may become outputs as well, with their sizes. */
  readonly #values: { readonly name: string; readonly shape: readonly Dim[] }[] = [];

  constructor(kind: NetworkKind, random: SeededRandom) {
    this.kind = kind;
    this.random = random;
    this.#builder = new ModelBuilder(kind);
  }

  get graph() {
    return this.#builder.model.graph;
  }

  input(name: string, shape: readonly (number | string)[]): string {
    this.#builder.input(name, shape);
    return name;
  }

  /** The truth value that chooses the branch of every If, one input for all. */
  condition(): Value {
    if (!this.graph.inputs.some(({ name }) => name === 'condition')) this.#builder.input('condition', [], 'bool');
    return this.value('condition');
  }

  value(name: string): Value {
    return this.#builder.value(name);
  }

  /** Adds a node and returns its output's name. Some nodes have no name, some have their output's. */
  node(opType: string, inputs: readonly string[], attributes: readonly Attribute[], shape: readonly Dim[]): string {
    const output = this.fresh(opType.toLowerCase());
    const name = pick(this.random, [`${output}/node`, `${output}/node`, `${output}/node`, output, '']);
    this.#builder.node(opType, inputs, output, attributes, name);
    this.#values.push({ name: output, shape });
    return output;
  }

  fresh(base: string): string {
    const count = (this.#counts.get(base) ?? 0) + 1;
    this.#counts.set(base, count);
    return `${base}${count}`;
  }

  weight(dims: readonly number[], fanIn: number): string {
    return this.constant(
      'w',
      fromFloat64(weightData(this.random, dims, fanIn, this.kind.dtype), dims, this.kind.dtype),
    );
  }

  /** Small constants: now and then one that is there already, or a copy of it. */
  vector(dims: readonly number[], { scale = 0.5, offset = 0 } = {}): string {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const key = `${dims.join()} ${offset}`;
    const known = this.#vectors.get(key);
    if (known && chance(this.random, 0.1)) return known.name;
    const fresh = () =>
      fromFloat64(
        this.random.normals(size).map((value) => offset + scale * value),
        dims,
        this.kind.dtype,
      );
    const tensor = known && chance(this.random, 0.15) ? known.tensor : fresh();
    const name = this.constant('v', tensor);
    this.#vectors.set(key, { name, tensor });
    return name;
  }

  /** As an initializer, a Constant node, or an initializer that is listed as an input: always so in IR 3. */
  constant(base: string, tensor: Tensor): string {
    const name = this.fresh(base);
    if (chance(this.random, 0.12)) {
      this.#builder.node('Constant', [], name, [attribute.tensor('value', tensor)]);
      return name;
    }
    this.#builder.tensor(name, tensor);
    const value = this.value(name);
    if (this.kind.irVersion > 3 && !chance(this.random, 0.03)) return name;
    value.type = { kind: 'tensor', dtype: tensor.dtype, shape: tensor.dims };
    this.graph.inputs.push(value);
    return name;
  }

  /**
   * `last` becomes an output, and so do some of the values on the way and, rarely, a constant; others are described
   * under value_info.
   */
  finish(last: string): Model {
    const [constant] = [...this.graph.initializers].filter((value) => !this.graph.isInput(value));
    if (constant && chance(this.random, 0.04)) {
      constant.type = { kind: 'tensor', dtype: this.kind.dtype, shape: constant.shape ?? [] };
      this.#builder.output(constant.name);
    }
    for (const { name, shape } of this.#values) {
      const value = this.value(name);
      const isOutput = name === last || chance(this.random, 0.08);
      if (!isOutput && !chance(this.random, 0.3)) continue;
      value.type = { kind: 'tensor', dtype: this.kind.dtype, ...(chance(this.random, 0.8) && { shape }) };
      if (isOutput) this.#builder.output(name);
      else this.graph.valueInfo.add(value);
    }
    return this.#builder.model;
  }
}
