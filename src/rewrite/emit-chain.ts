import { type Attribute, attribute, fromFloat64, type Tensor, type Value } from '../ir/index.ts';
import { convAttributes } from '../onnx/index.ts';
import type { Editor, LinearOperator } from '../pass/index.ts';
import { addAfter, baseName, placeBias } from './bias.ts';
import type { LoweredStep } from './lowering.ts';

/**
 * Puts the chain in the operator's place. The last step takes over the operator's output and bias, the first its input;
 * alpha, beta and transA of a Gemm go where they belong.
 *
 * @param weights one per step, dims as the step says
 * @param corrected what takes the place of the operator's bias, float64[g·T]; its own by default
 */
export function emitChain(
  operator: LinearOperator,
  steps: readonly LoweredStep[],
  weights: readonly Tensor[],
  opset: number,
  edit: Editor,
  corrected?: Float64Array,
): void {
  const base = baseName(operator);
  const bias = corrected && placeBias(operator, corrected, edit);
  let input = operator.input;
  steps.forEach((step, position) => {
    const name = `${base}/${step.label}`;
    const weight = edit.initializer(`${name}/weight`, weights[position] as Tensor);
    const added = step.isLast && bias?.kind === 'own' ? bias.value : stepBias(operator, step, opset, edit, name);
    const takesOver = step.isLast && bias?.kind !== 'new-add';
    const node = edit.node({
      name,
      opType: step.opType,
      inputs: [
        ...(operator.weightLayout === 'rows' && step.opType === 'MatMul' ? [weight, input] : [input, weight]),
        ...(added ? [added] : []),
      ],
      outputs: [takesOver ? operator.output : name],
      attributes:
        step.opType === 'MatMul'
          ? []
          : step.opType === 'Gemm'
            ? gemmAttributes(operator, step, bias?.kind === 'own')
            : convAttributes(step),
    });
    if (!takesOver) input = node.outputs[0] as Value;
  });
  if (bias?.kind === 'new-add') addAfter(operator, input, bias, edit);
  edit.remove(operator.node);
}

/** The operator's own bias on the last step. Before opset 11 Gemm insists on a C: a zero there for the others. */
function stepBias(
  operator: LinearOperator,
  step: LoweredStep,
  opset: number,
  edit: Editor,
  name: string,
): Value | null {
  if (step.isLast && operator.bias) return operator.bias;
  if (step.opType !== 'Gemm' || opset >= 11) return null;
  return edit.initializer(`${name}/zero`, fromFloat64(new Float64Array(1), [1], operator.dtype));
}

function gemmAttributes(
  { node, weightLayout }: LinearOperator,
  { isFirst, isLast }: LoweredStep,
  unitBeta: boolean,
): readonly Attribute[] {
  return [
    ...(isLast
      ? [
          attribute.float('alpha', node.float('alpha', 1)),
          attribute.float('beta', unitBeta ? 1 : node.float('beta', 1)),
        ]
      : []),
    ...(isFirst ? [attribute.int('transA', node.int('transA', 0))] : []),
    attribute.int('transB', weightLayout === 'rows' ? 1 : 0),
  ];
}
