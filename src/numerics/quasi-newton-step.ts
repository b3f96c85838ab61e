import { inPrecision, multiply, type Precision } from './add-gram.ts';
import type { Blas, RealArray } from './blas.ts';
import { innerProduct } from './inner-product.ts';

/** What is known of a function of subspaces at one of them, and a step that would improve it. */
export interface BasisPoint {
  /** [n, rank], orthonormal columns. */
  readonly basis: RealArray;
  /** [n, rank]: half of the slope of the function along the subspaces around. */
  readonly gradient: RealArray;
  /** [n, rank]: a step that an alternating method would make, in columns that fit those of `basis`. */
  readonly residual: RealArray;
  readonly n: number;
  /** Of these arrays and the products with them. */
  readonly precision: Precision;
}

/** A step that was made, and where from. */
export interface BasisMove {
  readonly from: BasisPoint;
  readonly step: RealArray;
}

export interface BasisStep {
  /** [n, rank], orthogonal to the basis; basis + step spans the next subspace. */
  readonly step: RealArray;
  /** What the step promises to add to the function; undefined where no curvature is known. */
  readonly promised: number | undefined;
}

/** How much of the last step is made again where the function curves upwards along it. */
const MOMENTUM = 2;

/** Cosine between step and change of gradient below which a curvature is not trusted. */
const LEAST_COSINE = 1e-3;

/**
 * @param start float64[n, rank], orthonormal columns
 * @param image G·start, where tr(BᵀGB) has the value and the slope of the function at B = `start`
 * @param improved float64[n, rank], orthonormal columns: where an alternating method would go
 */
export async function basisPoint(
  start: Float64Array,
  image: RealArray,
  improved: Float64Array,
  n: number,
  precision: Precision,
  blas: Blas,
): Promise<BasisPoint> {
  const basis = inPrecision(start, precision);
  const there = await onto(basis, inPrecision(improved, precision), n, precision, blas);
  return {
    basis,
    gradient: await withoutSpan(inPrecision(image, precision), basis, n, precision, blas),
    residual: sum(there, -1, basis),
    n,
    precision,
  };
}

/**
 * A step towards the maximum of a function of subspaces: one update of BFGS (Nocedal & Wright, Numerical Optimization,
 * §7.2; on Grassmannians Savas & Lim 2010), with the step of an alternating method in the place of the gradient scaled by
 * the inverse of the curvature that is known beforehand. With s the last step, y and q the changes of gradient and of
 * residual along it:
 *
 *   z = r − a·q + (a − ⟨y, r − a·q⟩/⟨s,y⟩)·s,  a = ⟨s,g⟩/⟨s,y⟩
 *
 * where vectors of different subspaces are compared as they stand: for subspaces that differ by an angle θ the error of
 * that is of order θ². Where the function curves upwards along s, as it does on the plateau around a saddle, no maximum is
 * near: the last step is made again, longer, which leaves the plateau in a few sweeps.
 */
export async function quasiNewtonStep(
  { basis, gradient, residual, n, precision }: BasisPoint,
  last: BasisMove | undefined,
  blas: Blas,
): Promise<BasisStep> {
  const plain = async () => ({ step: await withoutSpan(residual, basis, n, precision, blas), promised: undefined });
  if (last?.from.precision !== precision) return plain();
  const s = last.step;
  const y = sum(last.from.gradient, -1, gradient);
  const curvature = innerProduct(s, y);
  const trusted = curvature > LEAST_COSINE * Math.sqrt(innerProduct(s, s) * innerProduct(y, y));
  const z = trusted ? bfgs(residual, gradient, last, y, curvature) : sum(residual, MOMENTUM, s);
  const step = await withoutSpan(z, basis, n, precision, blas);
  const promised = innerProduct(step, gradient);
  return promised > 0 ? { step, promised: trusted ? promised : undefined } : plain();
}

/** z as above. */
function bfgs(r: RealArray, g: RealArray, { from, step: s }: BasisMove, y: RealArray, sy: number): RealArray {
  const a = innerProduct(s, g) / sy;
  const z = r.slice();
  for (let i = 0; i < z.length; i++) z[i] = r[i]! - a * (from.residual[i]! - r[i]!);
  return sum(z, a - innerProduct(y, z) / sy, s);
}

/** The projection of a basis on the span of another one, Y(YᵀX): a basis of that span which is close to X. */
async function onto(x: RealArray, y: RealArray, n: number, precision: Precision, blas: Blas): Promise<RealArray> {
  const rank = x.length / n;
  const overlap = await multiply({ m: rank, n: rank, k: n, a: y, b: x, transA: true }, blas, precision);
  return multiply({ m: n, n: rank, k: rank, a: y, b: overlap }, blas, precision);
}

/** X − B(BᵀX). */
async function withoutSpan(x: RealArray, b: RealArray, n: number, precision: Precision, blas: Blas) {
  return sum(x, -1, await onto(x, b, n, precision, blas));
}

/** a + factor·b, in the precision of a. */
function sum(a: RealArray, factor: number, b: RealArray): RealArray {
  const result = a.slice();
  for (let i = 0; i < result.length; i++) result[i] = a[i]! + factor * b[i]!;
  return result;
}
