import type { Value } from '../ir/index.ts';
import { constantTensor, type LinearOperator } from '../pass/index.ts';

/**
 * The other operand of the Add that an operator's output goes to, and nowhere else: y + shortcut. A MatMul's constant, and
 * Identity, may stand between.
 */
export function shortcutOf(operator: LinearOperator): Value | undefined {
  const { graph } = operator.node;
  let value = operator.output;
  for (;;) {
    const [use, ...others] = value.uses;
    if (!use || others.length > 0 || !graph || graph.isOutput(value) || use.node.graph !== graph) return undefined;
    const next = use.node.outputs[0];
    if (!next) return undefined;
    if (use.node.is('Identity')) {
      value = next;
      continue;
    }
    if (!use.node.is('Add')) return undefined;
    const other = use.node.inputs[1 - use.index];
    if (!other || other === value) return undefined;
    if (!constantTensor(other)) return other;
    value = next;
  }
}
