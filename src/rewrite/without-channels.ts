import type { Gone } from '../channels/index.ts';
import type { LinearOperator } from '../pass/index.ts';

/** An operator as it would be without some channels: its sizes, not its weights. Undefined where nothing would be left. */
export function withoutChannels(operator: LinearOperator, gone: Gone): LinearOperator | undefined {
  const groups = operator.groups - gone.groups;
  const inputs = operator.inputs - gone.inputs / operator.groups;
  const outputs = operator.outputs - gone.outputs / operator.groups;
  const whole = [groups, inputs, outputs].every((size) => Number.isInteger(size) && size >= 1);
  return whole ? { ...operator, groups, inputs, outputs } : undefined;
}

export function addGone(a: Gone | undefined, b: Gone | undefined): Gone {
  const sum = (key: keyof Gone) => (a?.[key] ?? 0) + (b?.[key] ?? 0);
  return { inputs: sum('inputs'), outputs: sum('outputs'), groups: sum('groups') };
}
