import type { Blas } from './blas.ts';
import { orthonormalizeRows } from './orthonormalize-rows.ts';
import { tridiagonalValues } from './tridiagonal-values.ts';
import { tridiagonalVectors } from './tridiagonal-vectors.ts';
import type { Tridiagonal } from './tridiagonalize.ts';

export interface TridiagonalEigen {
  /** float64[n], largest first. */
  readonly values: Float64Array;
  /** float64[count, n]: row j is the vector of values[j]. */
  readonly rows: Float64Array;
}

/** Rows start … end-1 of T, not coupled to the others beyond rounding. */
interface Block {
  readonly start: number;
  readonly end: number;
}

/** An eigenvalue and where its vector lives. */
interface Placed {
  readonly value: number;
  readonly block: Block;
}

/** Up to here QL with accumulated rotations is faster than inverse iteration. */
const SMALL = 24;

/**
 * Eigenvalues of a tridiagonal matrix and the vectors of the largest `count`. Where an off-diagonal entry is rounding
 * error the matrix falls into blocks, whose vectors are orthogonal because they do not overlap: the null space of a Gram
 * matrix of low rank falls into single rows. Should inverse iteration fail to give independent vectors, QL gives them.
 */
export async function tridiagonalEigen(reduced: Tridiagonal, count: number, blas: Blas): Promise<TridiagonalEigen> {
  const { n, diagonal, offDiagonal } = reduced;
  if (count > 0 && n <= SMALL) return eigenByRotations(reduced, count);
  const placed = placedValues(reduced);
  const values = Float64Array.from(placed, ({ value }) => value);
  const rows = new Float64Array(count * n);
  for (const [block, members] of membersOf(placed.slice(0, count))) {
    const { start, end } = block;
    const wanted = Float64Array.from(members, (j) => values[j]!);
    const vectors = tridiagonalVectors(diagonal.subarray(start, end), couplings(offDiagonal, block), wanted);
    const size = end - start;
    members.forEach((j, k) => {
      rows.set(vectors.subarray(k * size, (k + 1) * size), j * n + start);
    });
  }
  const orthonormal = count > 0 ? await orthonormalizeRows(rows, count, n, blas) : rows;
  return orthonormal ? { values, rows: orthonormal } : eigenByRotations(reduced, count);
}

/** All eigenvalues, largest first, each with its block. */
function placedValues({ diagonal, offDiagonal }: Tridiagonal): Placed[] {
  return blocksOf(diagonal, offDiagonal)
    .flatMap((block) => {
      const values = tridiagonalValues(diagonal.subarray(block.start, block.end), couplings(offDiagonal, block));
      return Array.from(values, (value) => ({ value, block }));
    })
    .sort((a, b) => b.value - a.value);
}

/** Positions of the values by block. */
function membersOf(placed: readonly Placed[]): Map<Block, number[]> {
  const members = new Map<Block, number[]>();
  placed.forEach(({ block }, j) => {
    const others = members.get(block);
    if (others) others.push(j);
    else members.set(block, [j]);
  });
  return members;
}

/** Cuts T at every coupling that is below a rounding error of its largest entry. */
function blocksOf(diagonal: Float64Array, offDiagonal: Float64Array): Block[] {
  let largest = 0;
  for (const entry of diagonal) largest = Math.max(largest, Math.abs(entry));
  for (const entry of offDiagonal) largest = Math.max(largest, Math.abs(entry));
  const blocks: Block[] = [];
  let start = 0;
  for (let end = 1; end <= diagonal.length; end++) {
    if (end < diagonal.length && Math.abs(offDiagonal[end]!) > (Number.EPSILON / 2) * largest) continue;
    blocks.push({ start, end });
    start = end;
  }
  return blocks;
}

/** The off-diagonal of a block, its entry 0 cut off. */
function couplings(offDiagonal: Float64Array, { start, end }: Block): Float64Array {
  return offDiagonal.slice(start, end).fill(0, 0, 1);
}

function eigenByRotations({ n, diagonal, offDiagonal }: Tridiagonal, count: number): TridiagonalEigen {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const values = tridiagonalValues(diagonal, offDiagonal, vectors);
  return { values, rows: vectors.slice(0, count * n) };
}
