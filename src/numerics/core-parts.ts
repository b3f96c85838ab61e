import type { BlockCore } from './block-core.ts';

/**
 * A core written as a product of parts along its positions, C[row, k] = Π_i P_i[row, kᵢ]: one part of size K, or Lebedev's
 * vectors along each axis. Rows are (q, a, b). The core is linear in each part; `expandPart` and `reducePart` are that map
 * and its adjoint.
 */
export interface PartLayout {
  readonly blocks: number;
  readonly a: number;
  readonly b: number;
  /** Q·a·b. */
  readonly rows: number;
  /** Sizes whose product is K: [K] or [K₁ … K_d]. */
  readonly sizes: readonly number[];
}

export function partProduct(layout: PartLayout, parts: readonly Float64Array[]): BlockCore {
  const { blocks, a, b } = layout;
  const data = layout.sizes.length === 1 ? parts[0]! : expandPart(layout, parts, 0, parts[0]!);
  return { blocks, a, b, positions: data.length / layout.rows, data };
}

/** The core with x in place of one part, float64[rows, K]. */
export function expandPart(
  layout: PartLayout,
  parts: readonly Float64Array[],
  part: number,
  x: Float64Array,
): Float64Array {
  if (parts.length === 1) return x;
  const { rows, sizes } = layout;
  const weights = otherWeights(layout, parts, part);
  const positions = weights.length / rows;
  const place = placesOf(sizes, part);
  const size = sizes[part]!;
  return weights.map((weight, i) => weight * x[Math.floor(i / positions) * size + place[i % positions]!]!);
}

/** The adjoint of expandPart: float64[rows, nᵢ]. */
export function reducePart(
  layout: PartLayout,
  parts: readonly Float64Array[],
  part: number,
  core: Float64Array,
): Float64Array {
  if (parts.length === 1) return core;
  const { rows, sizes } = layout;
  const weights = otherWeights(layout, parts, part);
  const positions = weights.length / rows;
  const place = placesOf(sizes, part);
  const size = sizes[part]!;
  const result = new Float64Array(rows * size);
  for (let i = 0; i < core.length; i++) {
    result[Math.floor(i / positions) * size + place[i % positions]!]! += weights[i]! * core[i]!;
  }
  return result;
}

/** The product of all parts but one, float64[rows, K]. */
function otherWeights({ rows, sizes }: PartLayout, parts: readonly Float64Array[], part: number): Float64Array {
  const positions = sizes.reduce((product, size) => product * size, 1);
  const weights = new Float64Array(rows * positions).fill(1);
  for (const [other, values] of parts.entries()) {
    if (other === part) continue;
    const place = placesOf(sizes, other);
    const size = sizes[other]!;
    for (let i = 0; i < weights.length; i++) {
      weights[i]! *= values[Math.floor(i / positions) * size + place[i % positions]!]!;
    }
  }
  return weights;
}

/** k → kᵢ. */
function placesOf(sizes: readonly number[], part: number): Int32Array {
  const after = sizes.slice(part + 1).reduce((product, size) => product * size, 1);
  const total = sizes.reduce((product, size) => product * size, 1);
  return Int32Array.from({ length: total }, (_, k) => Math.floor(k / after) % sizes[part]!);
}
