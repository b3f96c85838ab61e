const GOLDEN = (3 - Math.sqrt(5)) / 2;
/** Just below √ε, as in the routine that this one follows. */
const ROOT_EPSILON = Math.sqrt(2.2e-16);
const MAX_EVALUATIONS = 500;

/**
 * A local minimum of f on [lower, upper] by golden sections and parabolas (Brent, Algorithms for Minimization without
 * Derivatives, 1973, ch. 5; the variant `fminbnd` of Forsythe, Malcolm & Moler, which scipy's bounded method follows step
 * for step). Deterministic; f is never evaluated at the ends.
 * @param tolerance absolute, in x
 */
export function boundedMinimum(
  f: (x: number) => number,
  lower: number,
  upper: number,
  tolerance: number,
): { x: number; value: number } {
  let a = lower;
  let b = upper;
  // x is the best point so far, w the second best, v the previous w.
  let x = a + GOLDEN * (b - a);
  let w = x;
  let v = x;
  let fx = f(x);
  let fw = fx;
  let fv = fx;
  let step = 0;
  let previous = 0;
  for (let evaluations = 1; evaluations < MAX_EVALUATIONS; evaluations++) {
    const middle = (a + b) / 2;
    const least = ROOT_EPSILON * Math.abs(x) + tolerance / 3;
    if (Math.abs(x - middle) <= 2 * least - (b - a) / 2) break;
    const parabola = Math.abs(previous) > least ? parabolicStep(x, w, v, fx, fw, fv) : undefined;
    const bound = previous;
    if (parabola !== undefined && Math.abs(parabola) < Math.abs(bound / 2) && x + parabola > a && x + parabola < b) {
      previous = step;
      step = parabola;
      if (x + step - a < 2 * least || b - x - step < 2 * least) step = middle >= x ? least : -least;
    } else {
      previous = x >= middle ? a - x : b - x;
      step = GOLDEN * previous;
    }
    const u = x + (step >= 0 ? Math.max(step, least) : Math.min(step, -least));
    const fu = f(u);
    if (fu <= fx) {
      if (u >= x) a = x;
      else b = x;
      [v, fv, w, fw, x, fx] = [w, fw, x, fx, u, fu];
      continue;
    }
    if (u < x) a = u;
    else b = u;
    if (fu <= fw || w === x) [v, fv, w, fw] = [w, fw, u, fu];
    else if (fu <= fv || v === x || v === w) [v, fv] = [u, fu];
  }
  return { x, value: fx };
}

/** From x to the vertex of the parabola through three points; undefined when they lie on a line. */
function parabolicStep(x: number, w: number, v: number, fx: number, fw: number, fv: number): number | undefined {
  const r = (x - w) * (fx - fv);
  const q = (x - v) * (fx - fw);
  const numerator = (x - v) * q - (x - w) * r;
  const denominator = 2 * (q - r);
  return denominator === 0 ? undefined : -numerator / denominator;
}
