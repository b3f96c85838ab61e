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
import { chance, integer, pick } from '../../support/draws.ts';
import { ModelBuilder } from '../../support/small-models.ts';

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

  /** A weight whose products with normal inputs keep their size: full rank, low rank, low rank with noise, or zero. */
  weight(dims: readonly number[], fanIn: number): string {
    const outer = dims[0] as number;
    const inner = dims.reduce((product, dim) => product * dim, 1) / outer;
    const data = this.random.normals(outer * inner).map((value) => value / Math.sqrt(fanIn));
    const structure = pick(this.random, [
      'full',
      'full',
      'low',
      'low',
      'noisy',
      'noisy',
      chance(this.random, 0.1) ? 'zero' : 'full',
    ]);
    if (structure === 'zero') data.fill(0);
    if (structure === 'low' || structure === 'noisy') {
      const noise = structure === 'low' ? 0 : 0.003;
      const low = this.#product(outer, inner, integer(this.random, 1, 3), fanIn);
      data.forEach((value, i) => {
        data[i] = (low[i] as number) + noise * value;
      });
    }
    return this.constant('w', fromFloat64(data, dims, this.kind.dtype));
  }

  #product(rows: number, columns: number, rank: number, fanIn: number): Float64Array {
    const [left, right] = [this.random.normals(rows * rank), this.random.normals(rank * columns)];
    return Float64Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += (left[row * rank + r] as number) * (right[r * columns + column] as number);
      return sum / Math.sqrt(rank * fanIn);
    });
  }

  vector(dims: readonly number[], { scale = 0.5, offset = 0 } = {}): string {
    const data = this.random
      .normals(dims.reduce((product, dim) => product * dim, 1))
      .map((value) => offset + scale * value);
    return this.constant('v', fromFloat64(data, dims, this.kind.dtype));
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

  /** `last` becomes an output, and so do some of the values on the way; others are described under value_info. */
  finish(last: string): Model {
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
