import module from 'highs';

/** @typedef {import('./allocation-instances.mjs').Option} Option */

/** Its types tell of a CommonJS module with a default beside others; what is loaded is the default itself. */
const highs = await /** @type {typeof module.default} */ (/** @type {unknown} */ (module))();

/**
 * What HiGHS proves the best.
 *
 * @param {readonly (readonly Option[])[]} groups
 * @param {readonly number[]} budgets
 * @param {{ whole?: boolean, seconds?: number }} [options] whether all errors are whole numbers; a limit, none unless told
 * @returns {{ chosen: number[], error: number, costs: number[], proven: boolean } | undefined} undefined where it finds none
 */
export function highsAllocation(groups, budgets, { whole = true, seconds = Number.POSITIVE_INFINITY } = {}) {
  // Its own tolerance for whole numbers: at 1e-9 it took a subset sum for the best whose error is one too large.
  const tolerance = whole ? 1e-6 : 1e-9;
  const { Status, Columns } = highs.solve(linearProgram(groups, budgets), {
    mip_rel_gap: 0,
    mip_abs_gap: whole ? 0.5 : tolerance,
    mip_feasibility_tolerance: tolerance,
    primal_feasibility_tolerance: tolerance,
    time_limit: seconds,
    output_flag: false,
  });
  if (Status === 'Infeasible') return undefined;
  if (Status !== 'Optimal' && Status !== 'Time limit reached') throw new Error(`HiGHS says ${Status}`);
  const chosen = groups.map((options, g) => {
    const shares = options.map((_, i) => Columns[`x${g}_${i}`]?.Primal ?? 0);
    return shares.indexOf(Math.max(...shares));
  });
  const options = groups.map((group, g) => /** @type {Option} */ (group[chosen[g] ?? 0]));
  return {
    chosen,
    error: options.reduce((sum, { error }) => sum + error, 0),
    costs: budgets.map((_, k) => options.reduce((sum, { costs }) => sum + (costs[k] ?? 0), 0)),
    proven: Status === 'Optimal',
  };
}

/**
 * CPLEX LP format: one binary for every option. HiGHS reads lines up to some hundred characters, so one term a line.
 *
 * @param {readonly (readonly Option[])[]} groups
 * @param {readonly number[]} budgets
 */
function linearProgram(groups, budgets) {
  const sum = (/** @type {(option: Option) => number} */ amountOf) =>
    groups.flatMap((options, g) => options.map((option, i) => ` + ${amountOf(option)} x${g}_${i}`)).join('\n');
  return [
    'Minimize',
    `obj:${sum(({ error }) => error)}`,
    'Subject To',
    ...budgets.map((budget, k) => `b${k}:${sum(({ costs }) => costs[k] ?? 0)}\n <= ${budget}`),
    ...groups.map((options, g) => `g${g}: ${options.map((_, i) => `x${g}_${i}`).join('\n + ')} = 1`),
    'Binary',
    ...groups.flatMap((options, g) => options.map((_, i) => `x${g}_${i}`)),
    'End',
  ].join('\n');
}
