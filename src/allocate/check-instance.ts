import type { Option } from './option.ts';

/** @throws RangeError for an empty group, another number of costs than of budgets, and for what is no number ≥ 0 */
export function checkInstance(groups: readonly (readonly Option[])[], budgets: readonly number[]): void {
  for (const [k, budget] of budgets.entries())
    if (Number.isNaN(budget)) throw new RangeError(`budget ${k} is not a number`);
  for (const [g, options] of groups.entries()) {
    if (options.length === 0) throw new RangeError(`group ${g} has no options`);
    for (const [i, option] of options.entries()) checkOption(option, budgets.length, `option ${i} of group ${g}`);
  }
}

function checkOption({ costs, error }: Option, budgets: number, name: string): void {
  if (costs.length !== budgets) throw new RangeError(`${name} has ${costs.length} costs for ${budgets} budgets`);
  if (!isAmount(error)) throw new RangeError(`the error of ${name} is ${error}`);
  for (const cost of costs) if (!isAmount(cost)) throw new RangeError(`a cost of ${name} is ${cost}`);
}

function isAmount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
