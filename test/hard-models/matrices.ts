import { float, type HardModel, op, statistics, through, weight } from './build.ts';

type Attributes = Parameters<typeof op>[3];

/** y = Gemm(x, w, c). */
function gemm(attributes: Attributes, c: readonly number[] | undefined, { x = [3, 8], opset = 17, w = [8, 6] } = {}) {
  const constants = [weight('w', w), ...(c ? [weight('c', c)] : [])];
  return through([op('Gemm', c ? 'x w c' : 'x w', 'y', attributes)], constants, x, { opset });
}

function matmul(inputs: string, dims: readonly number[], x: readonly (number | string)[]) {
  return through([op('MatMul', inputs, 'y')], [weight('w', dims)], x);
}

/** Matrix products in all their forms. */
export const matrices: readonly HardModel[] = [
  {
    name: 'a Gemm with alpha, beta and transA',
    model: gemm({ alpha: float(0.5), beta: float(-2), transA: 1 }, [6], { x: [8, 3] }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a Gemm with transA and transB',
    model: gemm({ transA: 1, transB: 1 }, [1, 6], { x: [8, 3], w: [6, 8] }),
    nodes: { y: 'rewritten' },
  },
  { name: 'a Gemm with a scalar C', model: gemm({ beta: float(3) }, []), nodes: { y: 'rewritten' } },
  { name: 'a Gemm with a C of one element', model: gemm({}, [1]), nodes: { y: 'rewritten' } },
  { name: 'a Gemm with a matrix C', model: gemm({}, [3, 6]), nodes: { y: 'rewritten' } },
  { name: 'a Gemm with a column C', model: gemm({}, [3, 1]), nodes: { y: 'rewritten' } },
  { name: 'a Gemm with alpha 0', model: gemm({ alpha: float(0) }, [6]), nodes: { y: 'rewritten' } },
  { name: 'a Gemm without C at opset 11', model: gemm({}, undefined, { opset: 11 }), nodes: { y: 'rewritten' } },
  {
    name: 'a Gemm without C at opset 13',
    model: gemm({ transB: 1 }, undefined, { opset: 13, w: [6, 8] }),
    nodes: { y: 'rewritten' },
  },
  { name: 'a Gemm with C at opset 7', model: gemm({}, [6], { opset: 7 }), nodes: { y: 'rewritten' } },
  {
    name: 'a Gemm with C at opset 9',
    model: gemm({ transA: 1 }, [6], { x: [8, 3], opset: 9 }),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a Gemm without C at opset 9, where one is required',
    model: gemm({}, undefined, { opset: 9 }),
    nodes: { y: 'rewritten' },
    rejected: /C|input/,
  },
  {
    name: 'a Gemm whose C is computed',
    model: through([op('Neg', 'k', 'c'), op('Gemm', 'x w c', 'y')], [weight('w', [8, 6]), weight('k', [6])], [3, 8]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a Gemm whose weight is its own C',
    model: through([op('Gemm', 'x w w', 'y')], [weight('w', [6, 6])], [6, 6]),
    nodes: { y: 'weight-shared' },
  },
  {
    name: 'a Gemm with beta and batch-norm behind it',
    model: through(
      [op('Gemm', 'x w c', 'h', { beta: float(0.5), alpha: float(2) }), op('BatchNormalization', 'h s o m v', 'y')],
      [weight('w', [8, 6]), weight('c', [6]), ...statistics(6)],
      [3, 8],
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a Gemm with batch-norm behind it, whose C is a column with as many rows as the batch-norm has channels',
    model: through(
      [op('Gemm', 'x w c', 'h'), op('BatchNormalization', 'h s o m v', 'y')],
      [weight('w', [8, 6]), weight('c', [6, 1]), ...statistics(6)],
      [6, 8],
    ),
    nodes: { h: 'rewritten' },
  },
  {
    name: 'a Gemm over a batch of unknown size',
    model: through([op('Gemm', 'x w', 'y')], [weight('w', [8, 6])], ['N', 8]),
    nodes: { y: 'rewritten' },
  },
  { name: 'a Gemm without rows', model: gemm({}, [6], { x: [0, 8] }), nodes: { y: 'rewritten' } },
  { name: 'a MatMul of a vector', model: matmul('x w', [8, 6], [8]), nodes: { y: 'rewritten' } },
  { name: 'a MatMul of a batch', model: matmul('x w', [8, 6], [2, 3, 8]), nodes: { y: 'rewritten' } },
  {
    name: 'a MatMul of a batch of batches with symbols',
    model: matmul('x w', [8, 6], ['N', 2, 'L', 8]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a MatMul with one weight matrix per batch item',
    model: matmul('x w', [2, 8, 6], [2, 3, 8]),
    nodes: { y: 'not-legal' },
  },
  { name: 'a MatMul with a vector for a weight', model: matmul('x w', [8], [3, 8]), nodes: { y: 'not-legal' } },
  { name: 'a MatMul with its weight on the left', model: matmul('w x', [6, 8], [8, 3]), nodes: { y: 'rewritten' } },
  {
    name: 'a MatMul of a batch with its weight on the left',
    model: matmul('w x', [6, 8], [2, 8, 3]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a MatMul of a vector with its weight on the left',
    model: matmul('w x', [6, 8], [8]),
    nodes: { y: 'rewritten' },
  },
  {
    name: 'a MatMul of a value with itself',
    model: through([op('MatMul', 'x x', 'y')], [], [5, 5]),
    nodes: { y: 'weight-not-constant' },
  },
  { name: 'a MatMul over no columns', model: matmul('x w', [0, 6], [3, 0]), nodes: { y: 'zero-weight' } },
  { name: 'a MatMul by a single number', model: matmul('x w', [1, 1], [3, 1]), nodes: { y: 'no-gain' } },
  {
    name: 'a MatMul of two constants',
    model: through(
      [op('MatMul', 'k w', 'h'), op('Add', 'x h', 'y')],
      [weight('k', [3, 8]), weight('w', [8, 6])],
      [3, 6],
    ),
    nodes: { h: 'rewritten' },
  },
];
