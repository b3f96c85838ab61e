import { attribute } from '../../../src/ir/index.ts';
import { chance, pick } from '../../support/draws.ts';
import type { NetworkDraft } from './network-draft.ts';

/** A value [...rows, columns]. */
export interface Matrix {
  readonly name: string;
  readonly rows: readonly (number | string)[];
  readonly columns: number;
}

type Layer = (draft: NetworkDraft, from: Matrix) => Matrix;

/** One to three nodes on top of `from`. */
export function matrixLayer(draft: NetworkDraft, from: Matrix): Matrix {
  return pick(draft.random, layers)(draft, from);
}

const layers: readonly Layer[] = [linear, linear, linear, activation, residual, normalized, onTheLeft];

const widths = [1, 2, 5, 8, 12, 24];

/** Gemm, or MatMul with or without a bias of its own. */
export function linear(draft: NetworkDraft, from: Matrix, columns = pick(draft.random, widths)): Matrix {
  return from.rows.length > 1 || chance(draft.random, 0.4) ? matMul(draft, from, columns) : gemm(draft, from, columns);
}

function place(
  draft: NetworkDraft,
  opType: string,
  inputs: readonly string[],
  rows: Matrix['rows'],
  columns: number,
  attributes = [] as Parameters<NetworkDraft['node']>[2],
): Matrix {
  return { name: draft.node(opType, inputs, attributes, [...rows, columns]), rows, columns };
}

function matMul(draft: NetworkDraft, from: Matrix, columns: number): Matrix {
  const product = place(
    draft,
    'MatMul',
    [from.name, draft.weight([from.columns, columns], from.columns)],
    from.rows,
    columns,
  );
  if (chance(draft.random, 0.5)) return product;
  const bias = draft.vector(pick(draft.random, [[columns], [1], []]));
  return place(
    draft,
    'Add',
    chance(draft.random, 0.5) ? [product.name, bias] : [bias, product.name],
    from.rows,
    columns,
  );
}

function gemm(draft: NetworkDraft, from: Matrix, columns: number): Matrix {
  const { random, kind } = draft;
  const transB = chance(random, 0.5);
  const weight = draft.weight(transB ? [columns, from.columns] : [from.columns, columns], from.columns);
  // Gemm could not leave C out before opset 11.
  const bias =
    kind.opset < 11 || chance(random, 0.7) ? [draft.vector(pick(random, [[columns], [1, columns], [1], []]))] : [];
  const attributes = [
    ...(transB ? [attribute.int('transB', 1)] : []),
    ...(chance(random, 0.3) ? [attribute.float('alpha', 0.5)] : []),
    ...(chance(random, 0.3) ? [attribute.float('beta', 2)] : []),
  ];
  return place(draft, 'Gemm', [from.name, weight, ...bias], from.rows, columns, attributes);
}

function activation(draft: NetworkDraft, { name, rows, columns }: Matrix): Matrix {
  return place(draft, pick(draft.random, ['Relu', 'Sigmoid']), [name], rows, columns);
}

function residual(draft: NetworkDraft, from: Matrix): Matrix {
  const inner = activation(draft, linear(draft, from, from.columns));
  return place(draft, 'Add', [from.name, inner.name], from.rows, from.columns);
}

/** Batch-norm behind a linear operator, which may take it in. */
function normalized(draft: NetworkDraft, from: Matrix): Matrix {
  const { name, rows, columns } = linear(draft, from);
  if (rows.length > 1) return { name, rows, columns };
  const ones = { offset: 1, scale: 0.1 };
  const statistics = [
    draft.vector([columns], ones),
    draft.vector([columns]),
    draft.vector([columns]),
    draft.vector([columns], ones),
  ];
  return place(draft, 'BatchNormalization', [name, ...statistics], rows, columns);
}

/** W · x, where the number of rows is known. */
function onTheLeft(draft: NetworkDraft, from: Matrix): Matrix {
  const inner = from.rows.at(-1);
  if (typeof inner !== 'number') return linear(draft, from);
  const outer = pick(draft.random, widths);
  const weight = draft.weight([outer, inner], inner);
  return place(draft, 'MatMul', [weight, from.name], [...from.rows.slice(0, -1), outer], from.columns);
}
