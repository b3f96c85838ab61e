import type { Blas } from './blas.ts';
import { type BlockedCholesky, blockedCholesky, blockedInverse } from './blocked-cholesky.ts';
import { type Gauge, orthonormalGauge } from './gauge.ts';
import { inputStep, type OutputSide } from './input-step.ts';
import type { MetricProblem, Projected } from './metric-problem.ts';

/** F = A·C of a model, found for a given B. */
export interface InnerFit extends OutputSide {
  /** ‖Ŵ − W‖²/‖W‖² in the metric. */
  readonly error: number;
}

/** How a method solves the projected problem: the parts of F for a given B. */
export interface InnerMethod<Inner extends InnerFit> {
  start(projected: Projected): Promise<Inner>;
  /** The same model with other rows of B, B = M·B′. */
  absorb(inner: Inner, gauge: Gauge): Inner;
  /** Alternates over the parts of F; the error never rises. */
  improve(projected: Projected, inner: Inner): Promise<Inner>;
}

export interface FitInputsOptions {
  readonly blas: Blas;
  readonly sweeps: number;
  /** Steps of conjugate gradients on B in each sweep. */
  readonly steps: number;
  readonly signal?: AbortSignal;
  /** Called with ‖Ŵ − W‖/‖W‖ in the metric after the start (sweep 0) and each sweep; it never rises. */
  onSweep?(sweep: number, relativeError: number): void;
}

export interface InputFit<Inner extends InnerFit> {
  /** B, float64[R, S]. */
  readonly basis: Float64Array;
  readonly inner: Inner;
}

/** A sweep that lowers ‖Ŵ − W‖² by less than this part of it is the last: five or six are usual, then 0.1 % is left. */
const SETTLED = 1e-3;

/**
 * Fits Ŵ = F·B in a metric: B by a few steps of conjugate gradients, then F on the problem projected on B, where whatever
 * alternation the method needs is nearly free. From the second sweep on, the point B + a(B − B₋) with a = √sweep + 1 is
 * tried and kept where it is lower, but not twice in a row: after a jump the last difference says nothing. 16 such sweeps
 * come as low as 32–48 plain ones.
 */
export async function fitInputs<Inner extends InnerFit>(
  problem: MetricProblem,
  start: Float64Array,
  method: InnerMethod<Inner>,
  options: FitInputsOptions,
): Promise<InputFit<Inner>> {
  const { blas, sweeps } = options;
  const rank = start.length / problem.inputs;
  const inputs = await inputInverse(problem, blas);
  const gauged = await orthonormalGauge(start, rank, blas);
  let best: InputFit<Inner> = {
    basis: gauged.basis,
    inner: await method.start(await problem.project(gauged.basis, rank)),
  };
  options.onSweep?.(0, Math.sqrt(best.inner.error));
  let jumped = false;
  for (let sweep = 1; sweep <= sweeps && best.inner.error > 0; sweep++) {
    options.signal?.throwIfAborted();
    const before = best;
    const next = await sweepOnce(problem, before, method, inputs, options);
    if (next.inner.error < best.inner.error) best = next;
    if (sweep > 1 && !jumped && sweep < sweeps) {
      const trial = await extrapolated(problem, before, next, Math.sqrt(sweep) + 1, method, blas);
      jumped = trial.inner.error < best.inner.error;
      if (jumped) best = trial;
    } else {
      jumped = false;
    }
    options.onSweep?.(sweep, Math.sqrt(best.inner.error));
    if (before.inner.error - best.inner.error < SETTLED * before.inner.error) break;
  }
  return best;
}

/** Factor of the inputs' mean metric. */
export function inputFactor({ inputGram, inputs }: MetricProblem, blas: Blas): Promise<BlockedCholesky> {
  return blockedCholesky(inputGram, inputs, blas);
}

/** The inverse of the inputs' mean metric, for preconditioning: one product where solves take many small ones. */
export async function inputInverse(problem: MetricProblem, blas: Blas): Promise<Float64Array> {
  return blockedInverse(await inputFactor(problem, blas), blas);
}

/** One sweep: B, then F. */
export async function sweepOnce<Inner extends InnerFit>(
  problem: MetricProblem,
  { basis, inner }: InputFit<Inner>,
  method: InnerMethod<Inner>,
  inputs: Float64Array,
  { steps, blas }: Pick<FitInputsOptions, 'steps' | 'blas'>,
): Promise<InputFit<Inner>> {
  const rank = basis.length / problem.inputs;
  const moved = await inputStep(problem, basis, inner, inputs, steps, blas);
  const gauge = await orthonormalGauge(moved, rank, blas);
  const projected = await problem.project(gauge.basis, rank);
  return { basis: gauge.basis, inner: await method.improve(projected, method.absorb(inner, gauge)) };
}

async function extrapolated<Inner extends InnerFit>(
  problem: MetricProblem,
  before: InputFit<Inner>,
  next: InputFit<Inner>,
  reach: number,
  method: InnerMethod<Inner>,
  blas: Blas,
): Promise<InputFit<Inner>> {
  const rank = next.basis.length / problem.inputs;
  const far = next.basis.map((value, i) => value + reach * (value - before.basis[i]!));
  const gauge = await orthonormalGauge(far, rank, blas);
  const projected = await problem.project(gauge.basis, rank);
  return { basis: gauge.basis, inner: await method.improve(projected, method.absorb(next.inner, gauge)) };
}
