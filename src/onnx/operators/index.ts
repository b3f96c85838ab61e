import type { OperatorRule } from './operator-call.ts';
import { operatorRules } from './operator-rules.ts';

export { refineShape } from './dims.ts';
export type { Fact } from './fact.ts';
export { unknown } from './fact.ts';
export { tensorAsFact } from './generators.ts';
export type { OperatorCall, OperatorRule } from './operator-call.ts';
export { hasContradictingPads, type Pads, resolveOutputPadding, resolvePads } from './window.ts';

/** The rule of an operator; undefined for those that we do not know. */
export function operatorRule(domain: string, opType: string): OperatorRule | undefined {
  return domain === '' ? operatorRules.get(opType) : undefined;
}
