import type { Blas, RealArray } from './blas.ts';
import { innerProduct } from './inner-product.ts';

/** What is known of a function of subspaces at one of them, and a step that would improve it. */
export interface BasisPoint {
  /** float64[n, rank], orthonormal columns. */
  readonly basis: Float64Array;
  /** float64[n, rank]: half of the slope of the function along the subspaces around. */
  readonly gradient: Float64Array;
  /** float64[n, rank]: a step that an alternating method would make, in columns that fit those of `basis`. */
  readonly residual: Float64Array;
}

/** A step that was made, and where from. */
export interface BasisMove {
  readonly from: BasisPoint;
  readonly step: Float64Array;
}

export interface BasisStep {
  /** float64[n, rank], orthogonal to the basis; basis + step spans the next subspace. */
  readonly step: Float64Array;
  /** What the step promises to add to the function; undefined where no curvature is known. */
  readonly promised: number | undefined;
}

/** How much of the last step is made again where the function curves upwards along it. */
const MOMENTUM = 2;

/** Cosine between step and change of gradient below which a curvature is not trusted. */
const LEAST_COSINE = 1e-3;

/**
 * @param image G·basis, where tr(BᵀGB) has the value and the slope of the function at `basis`
 * @param improved float64[n, rank], orthonormal columns: where an alternating method would go
 */
export async function basisPoint(
  basis: Float64Array,
  image: RealArray,
  improved: Float64Array,
  n: number,
  blas: Blas,
): Promise<BasisPoint> {
  return {
    basis,
    gradient: await withoutSpan(image, basis, n, blas),
    residual: difference(await onto(basis, improved, n, blas), basis),
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
  { basis, gradient, residual }: BasisPoint,
  last: BasisMove | undefined,
  n: number,
  blas: Blas,
): Promise<BasisStep> {
  const plain = async () => ({ step: await withoutSpan(residual, basis, n, blas), promised: undefined });
  if (!last) return plain();
  const s = last.step;
  const y = difference(last.from.gradient, gradient);
  const curvature = innerProduct(s, y);
  const trusted = curvature > LEAST_COSINE * Math.sqrt(innerProduct(s, s) * innerProduct(y, y));
  const z = trusted ? bfgs(residual, gradient, last, y, curvature) : sum(residual, MOMENTUM, s);
  const step = await withoutSpan(z, basis, n, blas);
  const promised = innerProduct(step, gradient);
  return promised > 0 ? { step, promised: trusted ? promised : undefined } : plain();
}

/** z as above. */
function bfgs(r: Float64Array, g: Float64Array, { from, step: s }: BasisMove, y: Float64Array, sy: number) {
  const a = innerProduct(s, g) / sy;
  const z = new Float64Array(r.length);
  for (let i = 0; i < z.length; i++) z[i] = r[i]! - a * (from.residual[i]! - r[i]!);
  return sum(z, a - innerProduct(y, z) / sy, s);
}

/** The projection of a basis on the span of another one, Y(YᵀX): a basis of that span which is close to X. */
async function onto(x: Float64Array, y: Float64Array, n: number, blas: Blas): Promise<Float64Array> {
  const rank = x.length / n;
  const overlap = await blas.gemm64({ m: rank, n: rank, k: n, a: y, b: x, transA: true });
  return blas.gemm64({ m: n, n: rank, k: rank, a: y, b: overlap });
}

/** X − B(BᵀX). */
async function withoutSpan(x: RealArray, basis: Float64Array, n: number, blas: Blas): Promise<Float64Array> {
  const rank = x.length / n;
  const overlap = await blas.gemm64({ m: rank, n: rank, k: n, a: basis, b: x, transA: true });
  return difference(x, await blas.gemm64({ m: n, n: rank, k: rank, a: basis, b: overlap }));
}

function difference(a: RealArray, b: RealArray): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! - b[i]!;
  return result;
}

/** a + factor·b */
function sum(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! + factor * b[i]!;
  return result;
}
