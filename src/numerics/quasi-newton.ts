import { innerProduct } from './inner-product.ts';
/** A function at one point. */
export interface Evaluation {
  readonly x: Float64Array;
  readonly value: number;
  /** Computed only for points that are kept, and before another one is evaluated. */
  gradient(): Promise<Float64Array>;
}

export interface QuasiNewtonProblem<Point extends Evaluation> {
  evaluate(x: Float64Array): Promise<Point>;
  /** An approximation of the inverse Hessian at a point, symmetric positive definite. */
  preconditioner(at: Point): Promise<(direction: Float64Array) => Promise<Float64Array>>;
}

export interface QuasiNewtonOptions {
  readonly steps: number;
  /** Ends when a step lowers the value by less than this part of it. */
  readonly tolerance: number;
  readonly signal?: AbortSignal;
  /** Called with the value at the start (step 0) and after each step; it never rises. */
  onStep?(step: number, value: number): void;
}

/** Pairs of steps and gradient changes that are remembered; 20 fit no better. */
const MEMORY = 8;

/** Part of the fall that the slope promises with which a step is content (Armijo). */
const ENOUGH = 1e-4;

/** A trial step is shortened by this. */
const SHORTER = 0.4;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly inverse: number;
}

/**
 * Limited-memory BFGS with a preconditioner in place of the initial inverse Hessian (Nocedal & Wright, Numerical
 * Optimization, 2nd ed., algorithms 7.4 and 7.5). Every step is kept only where the value falls, from full length downwards;
 * where none does, memory is dropped, and the steepest preconditioned direction failing too ends the descent.
 *
 * The preconditioner is computed anew in the first steps and then at every eighth.
 */
export async function quasiNewton<Point extends Evaluation>(
  problem: QuasiNewtonProblem<Point>,
  start: Float64Array,
  { steps, tolerance, signal, onStep }: QuasiNewtonOptions,
): Promise<Point> {
  let current = await problem.evaluate(start);
  let gradient = await current.gradient();
  let precondition = await problem.preconditioner(current);
  let memory: readonly Pair[] = [];
  onStep?.(0, current.value);
  for (let step = 1; step <= steps && current.value > 0; step++) {
    signal?.throwIfAborted();
    if (step > 1 && (step < 5 || step % 8 === 0)) precondition = await problem.preconditioner(current);
    const direction = await twoLoops(gradient, memory, precondition);
    const next = await lineSearch(problem, current, gradient, direction);
    if (!next) {
      if (memory.length === 0) break;
      memory = [];
      continue;
    }
    const found = await next.gradient();
    const pair = curvaturePair(current.x, next.x, gradient, found);
    if (pair) memory = [...memory.slice(-MEMORY + 1), pair];
    const fall = current.value - next.value;
    [current, gradient] = [next, found];
    onStep?.(step, current.value);
    if (fall < tolerance * current.value) break;
  }
  return current;
}

/** H·g by the recursion of L-BFGS. */
async function twoLoops(
  gradient: Float64Array,
  memory: readonly Pair[],
  precondition: (direction: Float64Array) => Promise<Float64Array>,
): Promise<Float64Array> {
  const q = gradient.slice();
  const weights = new Float64Array(memory.length);
  for (let i = memory.length - 1; i >= 0; i--) {
    const { step, change, inverse } = memory[i]!;
    weights[i] = inverse * innerProduct(step, q);
    addScaled(q, change, -weights[i]!);
  }
  const direction = await precondition(q);
  for (const [i, { step, change, inverse }] of memory.entries()) {
    addScaled(direction, step, weights[i]! - inverse * innerProduct(change, direction));
  }
  return direction;
}

/** The first of x − d, x − 0.4·d … that falls enough; undefined when −d does not descend or none of six does. */
async function lineSearch<Point extends Evaluation>(
  { evaluate }: QuasiNewtonProblem<Point>,
  { x, value }: Point,
  gradient: Float64Array,
  direction: Float64Array,
): Promise<Point | undefined> {
  const slope = innerProduct(gradient, direction);
  if (!(slope > 0)) return undefined;
  for (let trial = 0, length = 1; trial < 6; trial++, length *= SHORTER) {
    const to = x.slice();
    addScaled(to, direction, -length);
    const next = await evaluate(to);
    if (next.value < value && next.value <= value - ENOUGH * length * slope) return next;
  }
  return undefined;
}

/** Undefined where curvature along the step is not clearly positive. */
function curvaturePair(
  before: Float64Array,
  after: Float64Array,
  gradient: Float64Array,
  next: Float64Array,
): Pair | undefined {
  const step = after.slice();
  addScaled(step, before, -1);
  const change = next.slice();
  addScaled(change, gradient, -1);
  const curvature = innerProduct(step, change);
  if (!(curvature > 1e-12 * Math.sqrt(innerProduct(step, step) * innerProduct(change, change)))) return undefined;
  return { step, change, inverse: 1 / curvature };
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * source[i]!;
}
