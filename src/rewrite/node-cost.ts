import type { Node, Value } from '../ir/index.ts';
import type { Shapes } from '../pass/index.ts';

/**
 * Multiply-accumulates of a Conv, ConvTranspose, Gemm or MatMul per sample, from shapes alone: also of nodes that no
 * pass could rewrite. The first axis of activations is the batch.
 *
 * @returns undefined where shapes are not known, 0 for any other operator
 */
export function nodeMacs(node: Node, { shapeOf }: Shapes): number | undefined {
  if (!node.is('Conv', 'ConvTranspose', 'Gemm', 'MatMul')) return 0;
  const [input, weight] = node.inputs;
  const output = node.outputs[0];
  const perSample = (value: Value | null | undefined) => elements(value ? shapeOf(value)?.slice(1) : undefined);
  switch (node.opType) {
    case 'Conv':
      return times(perSample(output), perSample(weight));
    case 'ConvTranspose':
      return times(perSample(input), perSample(weight));
    default: {
      const inner = (input ? shapeOf(input) : undefined)?.at(node.int('transA', 0) === 0 ? -1 : 0);
      return times(perSample(output), typeof inner === 'number' ? inner : undefined);
    }
  }
}

function elements(dims: readonly unknown[] | undefined): number | undefined {
  return dims?.reduce<number | undefined>(
    (product, dim) => times(product, typeof dim === 'number' ? dim : undefined),
    1,
  );
}

function times(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a * b;
}
