import type { LinearOperator } from '../pass/index.ts';

/** One operator with all its sizes: what it costs depends on nothing else. */
export interface OperatorStep
  extends Pick<
    LinearOperator,
    | 'opType'
    | 'groups'
    | 'kernelShape'
    | 'strides'
    | 'dilations'
    | 'padsBegin'
    | 'padsEnd'
    | 'outputPadding'
    | 'inputSizes'
    | 'outputSizes'
  > {
  /** Channels read and made, all groups together. */
  readonly inputs: number;
  readonly outputs: number;
}

/** An operator of the model as it stands, seen as the steps of its replacements are. */
export function operatorStep(operator: LinearOperator): OperatorStep {
  const { opType, groups, kernelShape, strides, dilations, padsBegin, padsEnd } = operator;
  const { outputPadding, inputSizes, outputSizes } = operator;
  return {
    opType,
    groups,
    inputs: groups * operator.inputs,
    outputs: groups * operator.outputs,
    kernelShape,
    strides,
    dilations,
    padsBegin,
    padsEnd,
    outputPadding,
    inputSizes,
    outputSizes,
  };
}
