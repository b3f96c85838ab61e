import { boundedMinimum } from './bounded-minimum.ts';

export interface EvbmfOptions {
  /**
   * `published` searches as the Python code does that papers on compression share: one bounded Brent search on σ² with an
   * absolute tolerance of 1e-5 and no floor under the singular values. Its rank changes when the matrix is multiplied
   * by a number; use it only to reproduce published ranks. By default the search is global and scale-free.
   */
  readonly compatibility?: 'published';
}

export interface Evbmf {
  /** Number of components that the evidence supports; 0 for pure noise. */
  readonly rank: number;
  /** Estimated variance of the noise per matrix entry. */
  readonly sigma2: number;
  /** Singular values above this are kept. */
  readonly threshold: number;
}

/** What the objective needs besides σ². */
interface Problem {
  readonly squares: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly alpha: number;
  /** x̄: a singular value with s²/(M·σ²) above it is signal. */
  readonly edge: number;
}

/** Below this part of the largest, singular values are rounding error: an exact rank-5 matrix would get rank 21. */
const FLOOR = 1e-9;
/** Points of the grid on log σ²; the objective has local minima, one refined search alone misses the best. */
const GRID = 256;
/** Local minima of the grid that are refined. */
const REFINED = 4;

/**
 * Empirical variational Bayes matrix factorization with unknown noise: the rank of the global solution (Nakajima,
 * Sugiyama, Babacan & Tomioka, Global Analytic Solution of Fully-observed Variational Bayesian Matrix Factorization, JMLR
 * 14, 2013; Perfect Dimensionality Recovery by Variational Bayesian PCA, NIPS 2012). Only the singular values and the
 * sizes are needed; rows and columns may be given in either order.
 * @param singularValues all min(rows, columns) of them, largest first
 */
export function evbmf(singularValues: Float64Array, rows: number, columns: number, options: EvbmfOptions = {}): Evbmf {
  const problem = describe(singularValues, rows, columns, options.compatibility === undefined);
  const largest = singularValues[0] ?? 0;
  if (largest === 0) return { rank: 0, sigma2: 0, threshold: 0 };
  const { lower, upper } = bounds(problem);
  const sigma2 =
    options.compatibility === 'published' ? searchAsPublished(problem, lower, upper) : search(problem, lower, upper);
  const scale = options.compatibility === 'published' ? 1 : largest;
  const threshold = scale * Math.sqrt(problem.columns * sigma2 * problem.edge);
  return { rank: singularValues.filter((s) => s > threshold).length, sigma2: sigma2 * scale ** 2, threshold };
}

/** Sizes with L ≤ M, and the squares: of s/s₁ floored, or of s as it is when `normalize` is false. */
function describe(singularValues: Float64Array, rows: number, columns: number, normalize: boolean): Problem {
  const short = Math.min(rows, columns);
  const long = Math.max(rows, columns);
  if (singularValues.length !== short) {
    throw new RangeError(`evbmf: ${singularValues.length} singular values for a ${rows} × ${columns} matrix`);
  }
  const largest = singularValues[0] ?? 0;
  const alpha = short / long;
  // τ̄ = 2.5129·√α approximates the root of Φ(τ) + Φ(τ/α) = 0, Φ(z) = ln(z + 1)/z − ½.
  const tau = 2.5129 * Math.sqrt(alpha);
  const squares = singularValues.map((s) => (normalize ? Math.max(s / largest, FLOOR) : s) ** 2);
  return { squares, rows: short, columns: long, alpha, edge: (1 + tau) * (1 + alpha / tau) };
}

/** The interval that holds the best σ². */
function bounds({ squares, rows, columns, alpha, edge }: Problem): { lower: number; upper: number } {
  const first = Math.min(Math.ceil(rows / (1 + alpha)) - 1, rows);
  const tail = squares.subarray(first);
  const lower = Math.max(tail[0]! / (columns * edge), sum(tail) / tail.length / columns);
  return { lower, upper: sum(squares) / (rows * columns) };
}

/**
 * The free energy up to constants, as a function of σ²; every singular value is in it, so no residual remains. A signal
 * adds x − τ − ln x + ln(τ + 1) + α·ln(τ/α + 1), here with x = (τ + 1)(1 + α/τ) put in: x and τ may be 1e6 and cancel.
 */
function freeEnergy({ squares, columns, alpha, edge }: Problem, sigma2: number): number {
  let energy = 0;
  for (const square of squares) {
    const x = square / (columns * sigma2);
    if (x <= edge) {
      energy += x - Math.log(x);
      continue;
    }
    const shifted = x - 1 - alpha;
    // At the edge the root is ≥ 0 up to rounding.
    const tau = (shifted + Math.sqrt(Math.max(0, shifted * shifted - 4 * alpha))) / 2;
    energy += 1 + alpha + alpha / tau - Math.log1p(alpha / tau) + alpha * Math.log1p(tau / alpha);
  }
  return energy;
}

/** The global minimum on log σ²: a grid, then Brent's search around its best local minima. */
function search(problem: Problem, lower: number, upper: number): number {
  const from = Math.log(lower);
  const step = (Math.log(upper) - from) / (GRID - 1);
  if (!(step > 0)) return upper;
  const energyAt = (logarithm: number) => freeEnergy(problem, Math.exp(logarithm));
  const energies = Array.from({ length: GRID }, (_, i) => energyAt(from + i * step));
  const valleys = energies
    .map((energy, i) => ({ energy, i }))
    .filter(({ energy, i }) => energy <= (energies[i - 1] ?? Infinity) && energy <= (energies[i + 1] ?? Infinity))
    .sort((a, b) => a.energy - b.energy)
    .slice(0, REFINED);
  let best = { x: from, value: energies[0]! };
  for (const { energy, i } of valleys) {
    const center = from + i * step;
    if (energy < best.value) best = { x: center, value: energy };
    const refined = boundedMinimum(
      energyAt,
      Math.max(from, center - step),
      Math.min(from + (GRID - 1) * step, center + step),
      1e-12,
    );
    if (refined.value < best.value) best = refined;
  }
  return Math.exp(best.x);
}

/** scipy.optimize.minimize_scalar(method='bounded') with its default tolerance, on σ² itself. */
function searchAsPublished(problem: Problem, lower: number, upper: number): number {
  return boundedMinimum((sigma2) => freeEnergy(problem, sigma2), lower, upper, 1e-5).x;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
