import type { SizedStep } from './timed-step.ts';

/** Kernels of ONNX Runtime that reach different shares of the processor's peak. */
export type StepKind = 'pointwise' | 'spatial' | 'grouped' | 'matrix';

export const stepKinds = ['pointwise', 'spatial', 'grouped', 'matrix'] as const satisfies readonly StepKind[];

/** What a step does, with its channels rounded up to whole blocks of the vector unit. */
export interface StepWork {
  readonly kind: StepKind;
  /** Multiply-accumulates. */
  readonly macs: number;
  /** Elements read and written. */
  readonly activations: number;
  readonly weights: number;
  /** Elements that a dense convolution fetches: its input once for every four blocks of outputs and every tap. */
  readonly fetches: number;
  /** Elements read or made outside the blocked layout, with the way into it and out of it; groups there fetch every tap. */
  readonly unblocked: number;
}

/** Blocks of outputs that MLAS's convolution kernels work on at a time. */
const blocksAtOnce = 4;

/** ONNX Runtime leaves a convolution out of the blocked layout unless its input channels are a multiple of this. */
export const channelAlignment = 4;

export function stepKind({ groups, kernelShape }: SizedStep): StepKind {
  if (kernelShape.length === 0) return 'matrix';
  if (groups > 1) return 'grouped';
  return kernelShape.every((size) => size === 1) ? 'pointwise' : 'spatial';
}

/**
 * ONNX Runtime keeps the channels of a convolution in blocks as wide as a vector register (NCHWc) and pads the last one
 * with zeros, so that 61 channels cost what 64 do. A depthwise convolution has its channels in blocks as well; other
 * groups are padded each for itself.
 *
 * @param block channels in a block; 1 counts the work as it is
 */
export function stepWork(step: SizedStep, block: number): StepWork {
  const { groups, inputs, outputs, inputSizes, outputSizes, kernelShape } = step;
  const depthwise = groups > 1 && inputs === groups && outputs === groups;
  const [read, made] = depthwise
    ? [roundUp(groups, block), roundUp(groups, block)]
    : [groups * roundUp(inputs / groups, block), groups * roundUp(outputs / groups, block)];
  const weights = elements(kernelShape) * (depthwise ? made : (read * made) / groups);
  const [inputPositions, outputPositions] = [elements(inputSizes), elements(outputSizes)];
  const unblocked =
    inputs % channelAlignment === 0 || kernelShape.length === 0
      ? 0
      : inputs * inputPositions + outputs * outputPositions * (groups > 1 ? elements(kernelShape) : 1);
  const dense = groups === 1 && kernelShape.length > 0;
  return {
    kind: stepKind(step),
    macs: weights * (step.opType === 'ConvTranspose' ? inputPositions : outputPositions),
    activations: read * inputPositions + made * outputPositions,
    weights,
    fetches: dense ? inputs * elements(kernelShape) * outputPositions * Math.ceil(outputs / (block * blocksAtOnce)) : 0,
    unblocked,
  };
}

export function roundUp(value: number, block: number): number {
  return Math.ceil(value / block) * block;
}

export function elements(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}
