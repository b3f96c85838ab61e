import type { Json } from '../cache/index.ts';
import type { ConvGeometry } from '../onnx/index.ts';

/** What the time of one operator depends on. A lowered step of a replacement is one as it stands. */
export interface TimedStep extends ConvGeometry {
  /** For Gemm and MatMul the geometry has no spatial axes. */
  readonly opType: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  /** Channels read and made, all groups together. */
  readonly inputs: number;
  readonly outputs: number;
  /** Spatial sizes; rows for Gemm and MatMul. Undefined where shapes are not known: such a step has no time. */
  readonly inputSizes: readonly number[] | undefined;
  readonly outputSizes: readonly number[] | undefined;
}

/** Operators one after the other: a replacement, or an original node alone. */
export type TimedChain = readonly TimedStep[];

/** A step whose sizes are known. */
export interface SizedStep extends TimedStep {
  readonly inputSizes: readonly number[];
  readonly outputSizes: readonly number[];
}

/** A linear operator, which counts its channels per group, as a step. */
export function timedOperator(operator: TimedStep): TimedStep {
  const { groups, inputs, outputs } = operator;
  return { ...timedStep(operator), inputs: groups * inputs, outputs: groups * outputs };
}

/** The chain with its sizes; undefined where one is missing. */
export function sizedChain(chain: TimedChain): readonly SizedStep[] | undefined {
  return chain.length > 0 && chain.every(isSized) ? chain : undefined;
}

function isSized(step: TimedStep): step is SizedStep {
  return step.inputSizes !== undefined && step.outputSizes !== undefined;
}

/** All that a measurement depends on besides the machine; names and weights are no part of it. */
export function chainKey(chain: TimedChain): Json {
  return chain.map((step) => {
    const { inputSizes = null, outputSizes = null, ...rest } = timedStep(step);
    return { ...rest, inputSizes, outputSizes };
  });
}

/** Nothing but the step: callers hand in richer objects. */
function timedStep(step: TimedStep): TimedStep {
  return {
    opType: step.opType,
    groups: step.groups,
    inputs: step.inputs,
    outputs: step.outputs,
    kernelShape: step.kernelShape,
    strides: step.strides,
    dilations: step.dilations,
    padsBegin: step.padsBegin,
    padsEnd: step.padsEnd,
    outputPadding: step.outputPadding,
    inputSizes: step.inputSizes,
    outputSizes: step.outputSizes,
  };
}
