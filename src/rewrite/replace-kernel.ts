import type { Model, Tensor } from '../ir/index.ts';
import type { LinearOperator } from '../pass/index.ts';
import { replaceBias } from './bias.ts';
import { editGraph } from './edit-graph.ts';

/** Of the initializer that holds new weights of a node. */
export function refittedName(node: string): string {
  return `${node}/refitted`;
}

/** Gives an operator that stays other weights, and where one is given a corrected bias. */
export function replaceKernel(
  model: Model,
  operator: LinearOperator,
  name: string,
  kernel: Tensor,
  bias: Float64Array | undefined,
): void {
  const { node, weight } = operator;
  editGraph(model, node, (edit) => edit.setInput(node, node.inputs.indexOf(weight), edit.initializer(name, kernel)));
  if (bias) editGraph(model, node, (edit) => replaceBias(operator, bias, edit));
}
