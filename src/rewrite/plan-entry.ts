import type { Node } from '../ir/index.ts';
import type { Cost, LinearOperator, Skip } from '../pass/index.ts';
import { operatorCost } from './cost.ts';
import type { PlanNode } from './plan.ts';

/**
 * The entry of a node that stays as it is.
 *
 * @param operator undefined where the node is not seen as one
 * @param original with all its filters
 * @param reason undefined where nothing forbids to rewrite it
 */
export function keptEntry(
  name: string,
  node: Node,
  operator: LinearOperator | undefined,
  reason: Skip | undefined,
  original: LinearOperator | undefined = operator,
): PlanNode {
  const weight = operator?.weight ?? node.inputs[1];
  const shape = weight?.shape?.filter((dim) => typeof dim === 'number') ?? [];
  const after = operator && writtenCost(operatorCost(operator));
  const before = original && writtenCost(operatorCost(original));
  const isPruned = before && after && (before.params !== after.params || before.macs !== after.macs);
  return {
    name,
    opType: node.opType,
    shape: [...(original ? weightShape(original) : shape)],
    method: null,
    ranks: null,
    rankSource: null,
    cost: before && after ? { before, ...(isPruned && { pruned: after }), after } : null,
    weightError: null,
    outputError: null,
    skipped: reason ? { code: reason.code, text: reason.text } : null,
    sensitivity: null,
    candidates: [],
  };
}

/** As plans state it: MACs only where they are those of a sample. */
export function writtenCost({ params, macs, macsUnit }: Cost): { params: number; macs: number | null } {
  return { params, macs: macsUnit === 'sample' ? macs : null };
}

/** The weight's dims as in the file. */
function weightShape(operator: LinearOperator): readonly number[] {
  const { groups, outputs, inputs, kernelShape, weightLayout } = operator;
  switch (weightLayout) {
    case 'conv':
      return [groups * outputs, inputs, ...kernelShape];
    case 'conv-transpose':
      return [groups * inputs, outputs, ...kernelShape];
    case 'rows':
      return [outputs, inputs];
    case 'columns':
      return [inputs, outputs];
  }
}
