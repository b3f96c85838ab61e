import { attribute, type Model } from '../../src/ir/index.ts';
import { ModelBuilder } from './small-models.ts';

/** Of one sample. */
export const everyOperatorDims = [6, 10, 10];

/** Every kind of operator, a shortcut, a branch that ends nowhere near it: x → … → y [N, 7]. */
export function everyOperator(): Model {
  return new ModelBuilder()
    .input('x', ['N', ...everyOperatorDims])
    .random('w1', [12, 6, 3, 3], { scale: 0.2 })
    .random('b1', [12])
    .random('w2', [12, 12, 3, 3], { scale: 0.15 })
    .random('w3', [12, 6, 3, 3], { scale: 0.2 })
    .random('w4', [12, 8, 2, 2], { scale: 0.2 })
    .random('b4', [8])
    .random('w5', [8, 8, 1, 1], { scale: 0.4 })
    .random('w6', [8, 10], { scale: 0.4 })
    .random('b6', [10])
    .random('w7', [10, 7], { scale: 0.4 })
    .random('b7', [7])
    .node('Conv', ['x', 'w1', 'b1'], 'c1', [attribute.ints('pads', [1, 1, 1, 1])], 'conv')
    .node('Relu', ['c1'], 'r1')
    .node('Conv', ['r1', 'w2'], 'c2', [attribute.ints('pads', [1, 1, 1, 1])], 'before-add')
    .node('Add', ['c2', 'r1'], 's')
    .node('Relu', ['s'], 'r2')
    .node('Conv', ['r2', 'w3'], 'c3', [attribute.int('group', 2), attribute.ints('strides', [2, 2])], 'grouped')
    .node('Relu', ['c3'], 'r3')
    .node('ConvTranspose', ['r3', 'w4', 'b4'], 'c4', [attribute.ints('strides', [2, 2])], 'transposed')
    .node('Relu', ['c4'], 'r4')
    .node('Conv', ['r4', 'w5'], 'c5', [], 'pointwise')
    .node('GlobalAveragePool', ['c5'], 'p')
    .node('Flatten', ['p'], 'f')
    .node('Gemm', ['f', 'w6', 'b6'], 'g', [attribute.float('alpha', 2), attribute.float('beta', 0.5)], 'gemm')
    .node('Tanh', ['g'], 'h')
    .node('MatMul', ['h', 'w7'], 'm', [], 'matmul')
    .node('Add', ['m', 'b7'], 'y')
    .output('y').model;
}
