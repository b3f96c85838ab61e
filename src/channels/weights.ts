import { fromFloat64, type Tensor } from '../ir/index.ts';
import type { Constant } from './constant.ts';
import { type Filters, offsetOf, placeOf, tapSums } from './kernel.ts';

/** Weights and biases with some of their numbers changed; what is not changed stays bit for bit. */
export class Weights {
  readonly #changed = new Map<Filters, { weight?: Float64Array; bias?: Float64Array }>();

  /** Sets filter `position`, and its bias, to zero. */
  zero(filters: Filters, position: number): void {
    const { kernel, bias } = filters;
    const [g, t] = placeOf(position, kernel.outputs);
    const data = this.#weight(filters);
    for (let s = 0; s < kernel.inputs; s++) {
      const start = offsetOf(kernel, g, t, s);
      data.fill(0, start, start + kernel.inner);
    }
    if (bias || this.#changed.get(filters)?.bias) this.#bias(filters)[position] = 0;
  }

  /** Adds what is read at `from`, times `factor`, to what is read at `to` by the same group. */
  addColumn(filters: Filters, from: number, to: number, factor: number): void {
    const { kernel } = filters;
    const data = this.#weight(filters);
    const [g, s] = placeOf(from, kernel.inputs);
    const [group, target] = placeOf(to, kernel.inputs);
    if (g !== group) throw new Error('columns of different groups do not add up');
    for (let t = 0; t < kernel.outputs; t++) {
      const [source, sink] = [offsetOf(kernel, g, t, s), offsetOf(kernel, g, t, target)];
      for (let k = 0; k < kernel.inner; k++)
        data[sink + k] = (data[sink + k] as number) + factor * (data[source + k] as number);
    }
  }

  /** Adds what a constant at input `position` brings to every output of its group. */
  addConstant(filters: Filters, position: number, constant: number): void {
    const { kernel, alpha, beta } = filters;
    const sums = tapSums(filters);
    const bias = this.#bias(filters);
    const [g, s] = placeOf(position, kernel.inputs);
    for (let t = 0; t < kernel.outputs; t++) {
      const [, sum] = sums(g, t, s);
      const output = g * kernel.outputs + t;
      bias[output] = (bias[output] as number) + (constant * sum * alpha) / (beta || 1);
    }
  }

  weightOf(filters: Filters): Tensor | undefined {
    return rounded(this.#changed.get(filters)?.weight, filters.weight, filters.weight);
  }

  biasOf(filters: Filters): Tensor | undefined {
    return rounded(this.#changed.get(filters)?.bias, filters.bias, filters.weight);
  }

  get changed(): Iterable<Filters> {
    return this.#changed.keys();
  }

  #weight(filters: Filters): Float64Array {
    const entry = this.#entry(filters);
    entry.weight ??= Float64Array.from(filters.weight.numbers());
    return entry.weight;
  }

  #bias(filters: Filters): Float64Array {
    const entry = this.#entry(filters);
    if (entry.bias) return entry.bias;
    // What beta = 0 ignores must not come back when the bias gets something to say.
    const old = filters.beta === 0 ? undefined : filters.bias?.numbers();
    entry.bias = Float64Array.from(old ?? new Float64Array(filters.makes.atoms.length));
    return entry.bias;
  }

  #entry(filters: Filters) {
    const entry = this.#changed.get(filters) ?? {};
    this.#changed.set(filters, entry);
    return entry;
  }
}

function rounded(data: Float64Array | undefined, like: Constant | undefined, weight: Constant): Tensor | undefined {
  if (!data) return undefined;
  return fromFloat64(data, like?.dims ?? [data.length], like?.dtype ?? weight.dtype);
}
