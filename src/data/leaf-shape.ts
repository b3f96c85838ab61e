import type { RandomStream } from './random-stream.ts';

// Held here because looking up a global is slow inside a vm context, such as a test's: 0.7 µs each.
const { max, min, sqrt } = Math;

/** The part of one row that a convex shape covers: x from `low` to `high`, empty where low > high. */
export interface Span {
  low: number;
  high: number;
}

/** A convex shape around the origin. */
export interface LeafShape {
  /** It lies within this distance of the origin. */
  readonly reach: number;
  /** Fills in what it covers of the row at height y. */
  span(y: number, into: Span): void;
}

export type LeafKind = 'ellipse' | 'rectangle' | 'triangle';

const sqrt3 = sqrt(3);

/** Corners are cut by lines `nx·x + ny·y ≤ c`; normals in the frame of the shape, c in units of its size. */
const triangle = [
  [0, -1, 0.5],
  [sqrt3 / 2, 0.5, 0.5],
  [-sqrt3 / 2, 0.5, 0.5],
] as const;

/**
 * A disk or ellipse, a rectangle, or a triangle, turned anyhow, of about the area of a disk of this radius.
 *
 * @param elongation longer axis ÷ shorter axis
 */
export function leafShape(kind: LeafKind, radius: number, elongation: number, random: RandomStream): LeafShape {
  const [cos, sin] = random.direction();
  const stretch = sqrt(elongation);
  if (kind === 'ellipse') return ellipse(radius * stretch, radius / stretch, cos, sin);
  if (kind === 'rectangle') {
    // π r² = 4 a b
    const [a, b] = [0.886 * radius * stretch, (0.886 * radius) / stretch];
    return polygon(
      [
        [cos, sin, a],
        [-cos, -sin, a],
        [-sin, cos, b],
        [sin, -cos, b],
      ],
      sqrt(a * a + b * b),
    );
  }
  // π r² = 3√3/4 size²
  const size = 1.555 * radius;
  return polygon(
    triangle.map(([nx, ny, c]) => [nx * cos - ny * sin, nx * sin + ny * cos, c * size]),
    size,
  );
}

/** (x cos + y sin)²/a² + (y cos − x sin)²/b² ≤ 1, solved for x. */
function ellipse(a: number, b: number, cos: number, sin: number): LeafShape {
  const p = (cos * cos) / (a * a) + (sin * sin) / (b * b);
  const q = cos * sin * (1 / (a * a) - 1 / (b * b));
  const r = (sin * sin) / (a * a) + (cos * cos) / (b * b);
  return {
    reach: max(a, b),
    span: (y, into) => {
      const discriminant = q * q * y * y - p * (r * y * y - 1);
      const half = discriminant < 0 ? -1 : sqrt(discriminant) / p;
      into.low = (-q * y) / p - half;
      into.high = (-q * y) / p + half;
    },
  };
}

function polygon(lines: readonly (readonly [number, number, number])[], reach: number): LeafShape {
  return {
    reach,
    span: (y, into) => {
      let [low, high] = [-reach, reach];
      for (const [nx, ny, c] of lines) {
        const rest = c - ny * y;
        if (nx > 1e-9) high = min(high, rest / nx);
        else if (nx < -1e-9) low = max(low, rest / nx);
        else if (rest < 0) high = low - 1;
      }
      into.low = low;
      into.high = high;
    },
  };
}
