import type { Dim } from '../../ir/index.ts';
import { broadcastShapes, refineDim } from './dims.ts';
import { tensorFact } from './fact.ts';
import { inputOf, type OperatorRule, shapeOf } from './operator-call.ts';

/** A[M, K] (or transposed) · B[K, N] + C → [M, N] */
export const gemm: OperatorRule = (call) => {
  const { node } = call;
  const rows = shapeOf(call, 0)?.[node.int('transA', 0) === 0 ? 0 : 1];
  const columns = shapeOf(call, 1)?.[node.int('transB', 0) === 0 ? 1 : 0];
  return [tensorFact(inputOf(call, 0).dtype, [rows, columns])];
};

/** numpy.matmul: [..., M, K] · [..., K, N] → [..., M, N], leading axes broadcast, vectors without their axis. */
export const matrixProduct: OperatorRule = (call) => [
  tensorFact(inputOf(call, 0).dtype, productShape(shapeOf(call, 0), shapeOf(call, 1))),
];

export const integerProduct: OperatorRule = (call) => [
  tensorFact('int32', productShape(shapeOf(call, 0), shapeOf(call, 1))),
];

/** Inputs a, scale, zero, b, scale, zero, y scale, y zero. */
export const quantizedProduct: OperatorRule = (call) => [
  tensorFact(inputOf(call, 7).dtype, productShape(shapeOf(call, 0), shapeOf(call, 3))),
];

function productShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): readonly Dim[] | undefined {
  if (!a?.length || !b?.length) return undefined;
  const batch = broadcastShapes([a.slice(0, -2), b.slice(0, -2)]) ?? [];
  return [...batch, ...(a.length > 1 ? [a.at(-2)] : []), ...(b.length > 1 ? [b.at(-1)] : [])];
}

/** The equation's output letters, sizes from the letters of the inputs; '...' stands for broadcast leading axes. */
export const einsum: OperatorRule = (call) => {
  const { dtype } = inputOf(call, 0);
  const [left = '', right] = call.node.string('equation', '').replace(/\s/g, '').split('->');
  const terms = left.split(',');
  const sizes = new Map<string, Dim>();
  const batches: (readonly Dim[])[] = [];
  for (const [index, term] of terms.entries()) {
    const shape = shapeOf(call, index);
    if (!shape) return [{ dtype }];
    batches.push(readTerm(term, shape, sizes));
  }
  const batch = broadcastShapes(batches) ?? [];
  const output = right ?? implicitOutput(terms);
  const [lead, tail] = output.includes('...') ? output.split('...') : [output, undefined];
  const dims = (letters: string) => [...letters].map((letter) => sizes.get(letter));
  return [tensorFact(dtype, tail === undefined ? dims(output) : [...dims(lead ?? ''), ...batch, ...dims(tail)])];
};

/** Notes the sizes of a term's letters; returns the axes under its '...'. */
function readTerm(term: string, shape: readonly Dim[], sizes: Map<string, Dim>): readonly Dim[] {
  const [head = '', tail] = term.split('...');
  const covered = tail === undefined ? 0 : shape.length - head.length - tail.length;
  const note = (letters: string, from: number) => {
    [...letters].forEach((letter, offset) => {
      const dim = shape[from + offset];
      const known = sizes.get(letter);
      sizes.set(letter, known === 1 ? dim : refineDim(known, dim));
    });
  };
  note(head, 0);
  note(tail ?? '', head.length + covered);
  return shape.slice(head.length, head.length + covered);
}

/** Letters that occur once, in alphabetical order, after the broadcast axes. */
function implicitOutput(terms: readonly string[]): string {
  const letters = [...terms.join('').replaceAll('.', '')];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return (terms.some((term) => term.includes('...')) ? '...' : '') + once.join('');
}

/** [..., N, N] → [...] */
export const determinant: OperatorRule = (call) => [tensorFact(inputOf(call, 0).dtype, shapeOf(call, 0)?.slice(0, -2))];
