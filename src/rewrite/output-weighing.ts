import {
  type Blas,
  type Factors,
  type Fit,
  kernelAxes,
  type OutputAxes,
  type OutputMetric,
  type RealNdArray,
  unweighOutputs,
  weighOutputs,
} from '../numerics/index.ts';
import type { Decomposition } from '../pass/index.ts';

/** Carries kernels and factors of one decomposition into the norm in which its outputs count, and back. */
export class OutputWeighing {
  readonly metric: OutputMetric;
  readonly #factor: string;
  readonly #axes: OutputAxes;
  readonly #blas: Blas;

  private constructor(metric: OutputMetric, factor: string, axes: OutputAxes, blas: Blas) {
    this.metric = metric;
    this.#factor = factor;
    this.#axes = axes;
    this.#blas = blas;
  }

  /** Undefined where no single factor has all that the outputs are about. */
  static of(
    { factors }: Decomposition,
    groups: number,
    metric: OutputMetric | undefined,
    blas: Blas,
  ): OutputWeighing | undefined {
    const [spec, ...others] = factors.filter(({ indices }) => indices.includes('t'));
    if (!metric || !spec || others.length > 0) return undefined;
    const group = spec.indices.indexOf('g');
    if (group < 0 && groups > 1) return undefined;
    const axes = { group: group < 0 ? undefined : group, output: spec.indices.indexOf('t') };
    return new OutputWeighing(metric, spec.name, axes, blas);
  }

  kernel(kernel: RealNdArray): Promise<RealNdArray> {
    return weighOutputs(kernel, kernelAxes, this.metric, this.#blas);
  }

  /** A fit of a weighed kernel as one of the kernel itself. */
  async fit(fit: Fit): Promise<Fit> {
    return { ...fit, factors: await this.#with(fit.factors, unweighOutputs) };
  }

  /** The factors of a kernel as those of the weighed one. */
  factors(factors: Factors): Promise<Factors> {
    return this.#with(factors, weighOutputs);
  }

  async #with(factors: Factors, work: typeof weighOutputs): Promise<Factors> {
    const own = factors[this.#factor];
    if (!own) return factors;
    return { ...factors, [this.#factor]: await work(own, this.#axes, this.metric, this.#blas) };
  }
}
