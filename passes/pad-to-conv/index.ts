// Pad[channels](Slice[every s-th position](x)) → Conv{1×1, stride s}(x; E),  E[t, s] = 1 where channel s goes to place t, else 0
import { definePass, type Node, type PassContext, type Skip, skip, type Value } from 'onnx-tucker/pass';
import { z } from 'zod';
import { convolve } from './convolve.ts';
import { fixedNumbers } from './fixed-numbers.ts';
import { sliceStrides } from './slice-strides.ts';

export interface PadMatch {
  readonly pad: Node;
  /** Slices that nobody else reads, from the pad up. */
  readonly slices: readonly Node[];
  readonly input: Value;
  readonly output: Value;
  readonly dtype: 'float32' | 'float16';
  /** Channels of the input, and zeros before and after them. */
  readonly channels: number;
  readonly begin: number;
  readonly end: number;
  /** One for each spatial axis. */
  readonly strides: readonly number[];
}

/**
 * Legality, in this order:
 * 1. a Pad whose output is an operand of additions, and nothing else;
 * 2. it adds zeros, by constant pads, to axis 1 alone, and the channels before it are known in number;
 * 3. its type is float32 or float16.
 *
 * Slices before it are taken along where nobody else reads them and they step through spatial axes from end to end.
 */
function match(pad: Node, context: PassContext<unknown>): PadMatch | Skip | null {
  const [output] = pad.outputs;
  if (!pad.is('Pad') || !output || !pad.inputs[0]) return null;
  const isAdded = [...output.uses].every(({ node }) => node.is('Add', 'Sum'));
  if (!isAdded || output.uses.size === 0 || context.model.graph.isOutput(output))
    return skip(pad, 'not-legal', 'it is no operand of additions alone');
  const { shapes } = context;
  const rank = shapes.shapeOf(pad.inputs[0])?.length;
  const pads = padsOf(pad, context);
  const value = pad.inputs[2] ? fixedNumbers(pad.inputs[2], context)?.[0] : pad.float('value', 0);
  if (rank === undefined || rank < 3 || pads?.length !== 2 * rank || value !== 0 || pad.inputs[3])
    return skip(pad, 'not-legal', 'it does not add zeros in numbers that are known');
  if (
    pad.string('mode', 'constant') !== 'constant' ||
    pads.some((size, at) => size < 0 || (size > 0 && at % rank !== 1))
  )
    return skip(pad, 'not-legal', 'it does more than add channels of zeros');
  const dtype = shapes.dtypeOf(output);
  if (dtype !== 'float32' && dtype !== 'float16') return skip(pad, 'not-legal', `its type is ${dtype}`);
  const slices: Node[] = [];
  const strides = Array.from({ length: rank - 2 }, () => 1);
  let input = pad.inputs[0];
  for (let own = ownSlice(input, context); own; own = ownSlice(input, context)) {
    for (const [axis, stride] of own.strides.entries()) strides[axis] = (strides[axis] as number) * stride;
    slices.push(own.slice);
    input = own.input;
  }
  const channels = shapes.shapeOf(input)?.[1];
  if (typeof channels !== 'number') return skip(pad, 'shape-unknown', 'its channels are not known in number');
  const [begin, end] = [pads[1] as number, pads[rank + 1] as number];
  return { pad, slices, input, output, dtype, channels, begin, end, strides };
}

function padsOf(pad: Node, context: PassContext<unknown>): readonly number[] | undefined {
  return pad.inputs[1] ? fixedNumbers(pad.inputs[1], context) : pad.ints('pads');
}

/** The Slice that makes a value for one reader alone, if it does nothing but step through spatial axes. */
function ownSlice(value: Value, context: PassContext<unknown>) {
  const slice = value.producer;
  const input = slice?.inputs[0];
  if (!slice?.is('Slice') || !input || value.uses.size !== 1 || context.model.graph.isOutput(value)) return undefined;
  const strides = sliceStrides(slice, input, context);
  return strides && { slice, input, strides };
}

export default definePass({
  name: 'pad-to-conv',
  kind: 'canonicalize',
  summary: 'write a shortcut that skips positions and adds channels of zeros as one 1×1 convolution',
  options: z.strictObject({}),
  match,
  rewrite: convolve,
});
