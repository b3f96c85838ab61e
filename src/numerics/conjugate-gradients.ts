import { innerProduct } from './inner-product.ts';

export interface LinearSystem {
  /** A·x, symmetric positive semidefinite. */
  operator(x: Float64Array): Promise<Float64Array>;
  /** An approximation of A⁻¹·x, symmetric positive definite. */
  precondition(x: Float64Array): Promise<Float64Array>;
}

/**
 * Preconditioned conjugate gradients (Golub & Van Loan, Matrix Computations, 4th ed., §11.5) for ½xᵀAx − bᵀx, which falls
 * with every step. Stops early where rounding has used up descent: pᵀAp ≤ 0 or rᵀz ≤ 0.
 * @param residual b − A·x at the start; it is not changed
 * @returns x after at most `steps` steps
 */
export async function conjugateGradients(
  { operator, precondition }: LinearSystem,
  start: Float64Array,
  residual: Float64Array,
  steps: number,
): Promise<Float64Array> {
  const x = start.slice();
  const r = residual.slice();
  let z = await precondition(r);
  let direction = z.slice();
  let fall = innerProduct(r, z);
  for (let step = 0; step < steps && fall > 0; step++) {
    const image = await operator(direction);
    const curvature = innerProduct(direction, image);
    if (!(curvature > 0)) break;
    const length = fall / curvature;
    for (let i = 0; i < x.length; i++) {
      x[i]! += length * direction[i]!;
      r[i]! -= length * image[i]!;
    }
    if (step + 1 === steps) break;
    z = await precondition(r);
    const next = innerProduct(r, z);
    const mix = next / fall;
    direction = z.map((value, i) => value + mix * direction[i]!);
    fall = next;
  }
  return x;
}
