import type { Dim } from '../../ir/index.ts';
import { productOf } from './fact.ts';

/** Arithmetic on sizes: a symbol survives what leaves it as it is, anything else makes it unknown. */

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (b === 0) return a;
  return a === 0 ? b : undefined;
}

export function multiplyDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (b === 1) return a;
  return a === 1 ? b : undefined;
}

export function sumOf(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(addDims, 0);
}

/** `dim` after `change`, for changes that need a number. */
export function mapDim(dim: Dim, change: (size: number) => number): Dim {
  return typeof dim === 'number' ? change(dim) : undefined;
}

/** Two statements about one size that both hold: the one that says more. */
export function refineDim(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : (a ?? b);
}

/** As {@link refineDim}, per axis. Where the ranks differ one statement is wrong, and the first is believed. */
export function refineShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): readonly Dim[] | undefined {
  if (!a || !b || a.length !== b.length) return a ?? b;
  return a.map((dim, axis) => refineDim(dim, b[axis]));
}

/** What holds whichever of the shapes it turns out to be. */
export function commonShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): readonly Dim[] | undefined {
  if (!a || !b || a.length !== b.length) return undefined;
  return a.map((dim, axis) => (dim === b[axis] ? dim : undefined));
}

/** ONNX multidirectional broadcasting (as numpy's). An unknown size next to 1 stays unknown, next to n > 1 is n. */
export function broadcastShapes(shapes: readonly (readonly Dim[] | undefined)[]): readonly Dim[] | undefined {
  const known = shapes.filter((shape) => shape !== undefined);
  if (known.length < shapes.length) return undefined;
  const rank = Math.max(0, ...known.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    known.map((shape) => shapeAt(shape, axis - rank + shape.length)).reduce(broadcastDims, 1),
  );
}

function shapeAt(shape: readonly Dim[], axis: number): Dim {
  return axis < 0 ? 1 : shape[axis];
}

function broadcastDims(a: Dim, b: Dim): Dim {
  if (a === 1) return b;
  if (b === 1 || a === b) return a;
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : undefined;
}

/** Axis counted from the front; undefined when it is out of range. */
export function normalizeAxis(axis: number, rank: number): number | undefined {
  const index = axis < 0 ? axis + rank : axis;
  return index >= 0 && index < rank ? index : undefined;
}

/** All axes counted from the front; undefined when one is out of range. */
export function normalizeAxes(axes: readonly number[], rank: number): readonly number[] | undefined {
  const found = axes.map((axis) => normalizeAxis(axis, rank)).filter((axis) => axis !== undefined);
  return found.length === axes.length ? found : undefined;
}

/**
 * Product of `dims` divided by product of `divisors`, as far as it can be told: equal symbols cancel. Unknown sizes
 * must be cancelled by the caller, who knows which of them are the same.
 */
export function quotientOf(dims: readonly Dim[], divisors: readonly Dim[]): Dim {
  const left = [...dims];
  const right: Dim[] = [];
  for (const divisor of divisors) {
    const at = typeof divisor === 'string' ? left.indexOf(divisor) : -1;
    if (at < 0) right.push(divisor);
    else left.splice(at, 1);
  }
  const denominator = productOf(right);
  const symbols = left.filter((dim) => typeof dim !== 'number');
  const numerator = productOf(left.filter((dim) => typeof dim === 'number'));
  if (!denominator || numerator === undefined || symbols.length > 1) return undefined;
  const quotient = numerator / denominator;
  if (!Number.isInteger(quotient)) return undefined;
  return symbols.length === 0 ? quotient : multiplyDims(symbols[0], quotient);
}
