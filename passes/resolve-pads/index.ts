// Conv{auto_pad=SAME_UPPER}(x) → Conv{pads=[…]}(x): the pads that auto_pad comes to at the known input size
import {
  attribute,
  definePass,
  hasContradictingPads,
  type Node,
  type PassContext,
  resolveOutputPadding,
  resolvePads,
  type Skip,
  skip,
} from 'onnx-tucker/pass';
import { z } from 'zod';

interface PadsMatch {
  readonly node: Node;
  readonly pads: readonly number[];
  /** Of a ConvTranspose with output_shape. */
  readonly outputPadding: readonly number[] | undefined;
}

/**
 * Legality, in this order:
 * 1. a Conv, ConvTranspose or pool with auto_pad other than NOTSET, or a ConvTranspose with output_shape;
 * 2. it has no pads beside its auto_pad;
 * 3. the spatial sizes that its pads depend on are known (with stride 1 they depend on none);
 * 4. no pad is negative, and no output padding reaches the stride.
 */
function match(node: Node, { shapes }: PassContext<unknown>): PadsMatch | Skip | null {
  if (!node.is('Conv', 'ConvTranspose', 'MaxPool', 'AveragePool', 'LpPool')) return null;
  const automatic = node.string('auto_pad', 'NOTSET') !== 'NOTSET';
  if (!automatic && !(node.is('ConvTranspose') && node.ints('output_shape'))) return null;
  if (hasContradictingPads(node)) return skip(node, 'not-legal', 'its auto_pad contradicts its pads');
  const [input, weight] = node.inputs;
  const weightShape = weight ? shapes.shapeOf(weight) : undefined;
  const inputShape = input ? shapes.shapeOf(input) : undefined;
  const pads = resolvePads(node, inputShape, weightShape);
  const outputPadding = node.ints('output_shape') ? resolveOutputPadding(node, inputShape, weightShape) : undefined;
  if (!pads || (node.ints('output_shape') && !outputPadding))
    return skip(node, 'shape-unknown', 'its pads depend on spatial sizes that are not known');
  const list = [...pads.begin, ...pads.end];
  if (list.some((pad) => pad < 0)) return skip(node, 'not-legal', 'a pad would be negative');
  if (outputPadding?.some((extra, axis) => extra > 0 && extra >= (node.ints('strides')?.[axis] ?? 1)))
    return skip(node, 'not-legal', 'output_shape asks for more than its strides reach');
  return { node, pads: list, outputPadding };
}

export default definePass({
  name: 'resolve-pads',
  kind: 'canonicalize',
  summary: 'write auto_pad and output_shape as explicit pads',
  options: z.strictObject({}),
  match,
  rewrite({ node, pads, outputPadding }, edit) {
    edit.setAttribute(node, attribute.ints('pads', pads));
    if (outputPadding) edit.setAttribute(node, attribute.ints('output_padding', outputPadding));
    edit.removeAttribute(node, 'auto_pad');
    edit.removeAttribute(node, 'output_shape');
  },
});
