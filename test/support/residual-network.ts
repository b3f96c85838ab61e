import { attribute, type Model } from '../../src/ir/index.ts';
import { ModelBuilder } from './small-models.ts';

export const residualDims = [3, 8, 8] as const;

/** Two residual blocks, a grouped and a depthwise convolution, and a classifier behind Flatten. */
export function residualNetwork(): Model {
  const pads = [attribute.ints('pads', [1, 1, 1, 1])];
  const group = (count: number) => [...pads, attribute.int('group', count)];
  return new ModelBuilder({ opset: 17 })
    .input('x', ['N', ...residualDims])
    .random('w0', [12, 3, 3, 3], { scale: 0.4 })
    .random('b0', [12], { scale: 0.2 })
    .random('w1', [16, 12, 3, 3], { scale: 0.15 })
    .random('b1', [16], { scale: 0.2 })
    .random('w2', [12, 16, 1, 1], { scale: 0.2 })
    .random('w3', [12, 1, 3, 3], { scale: 0.3 })
    .random('w4', [8, 6, 3, 3], { scale: 0.2 })
    .random('w5', [12, 8, 1, 1], { scale: 0.3 })
    .random('w6', [12 * 16, 5], { scale: 0.1 })
    .node('Conv', ['x', 'w0', 'b0'], 'c0', pads, 'stem')
    .node('Relu', ['c0'], 'r0')
    .node('Conv', ['r0', 'w1', 'b1'], 'c1', pads, 'inner')
    .node('Relu', ['c1'], 'r1')
    .node('Conv', ['r1', 'w2'], 'c2', [], 'outer')
    .node('Add', ['c2', 'r0'], 'a2')
    .node('Relu', ['a2'], 'r2')
    .node('Conv', ['r2', 'w3'], 'c3', group(12), 'depthwise')
    .node('Conv', ['c3', 'w4'], 'c4', group(2), 'grouped')
    .node('Relu', ['c4'], 'r4')
    .node('Conv', ['r4', 'w5'], 'c5', [], 'last')
    .node('Add', ['c5', 'r2'], 'a5')
    .node('Relu', ['a5'], 'r5')
    .node('AveragePool', ['r5'], 'p', [attribute.ints('kernel_shape', [2, 2]), attribute.ints('strides', [2, 2])])
    .node('Flatten', ['p'], 'f')
    .node('MatMul', ['f', 'w6'], 'y', [], 'classifier')
    .output('y').model;
}
