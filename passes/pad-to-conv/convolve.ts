import { attribute, type Editor, fromFloat64 } from 'onnx-tucker/pass';
import type { PadMatch } from './index.ts';

/** The convolution makes the value of the pad, under a name of its own. */
export function convolve(match: PadMatch, edit: Editor): void {
  const { pad, slices, input, output, dtype, channels, begin, end, strides } = match;
  const outputs = begin + channels + end;
  const places = new Float64Array(outputs * channels);
  for (let channel = 0; channel < channels; channel++) places[(begin + channel) * channels + channel] = 1;
  const ones = strides.map(() => 1);
  const base = pad.name || output.name;
  edit.node({
    name: `${base}/pad-to-conv`,
    opType: 'Conv',
    inputs: [input, edit.initializer(`${base}/channels`, fromFloat64(places, [outputs, channels, ...ones], dtype))],
    outputs: [output],
    attributes: [attribute.ints('kernel_shape', ones), attribute.ints('strides', strides)],
  });
  edit.remove(pad);
  for (const slice of slices) edit.remove(slice);
}
