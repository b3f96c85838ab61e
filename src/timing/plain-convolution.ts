import type { SizedStep } from './timed-step.ts';

/** As many channels out as in, square kernel, stride 1, the output as large as the input. */
export function plainConvolution(channels: number, kernel: number, size: number): SizedStep {
  const both = (value: number) => [value, value];
  return {
    opType: 'Conv',
    groups: 1,
    inputs: channels,
    outputs: channels,
    kernelShape: both(kernel),
    strides: [1, 1],
    dilations: [1, 1],
    padsBegin: both((kernel - 1) / 2),
    padsEnd: both((kernel - 1) / 2),
    outputPadding: [0, 0],
    inputSizes: both(size),
    outputSizes: both(size),
  };
}
