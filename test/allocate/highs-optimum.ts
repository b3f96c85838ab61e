import module from 'highs';
import type { Option } from '../../src/allocate/index.ts';

/** Its types tell of a CommonJS module with a default beside others; what is loaded is the default itself. */
const loader: unknown = module;
if (!isLoader(loader)) throw new Error('highs exports no loader');
const highs = await loader();

function isLoader(value: unknown): value is typeof module.default {
  return typeof value === 'function';
}

/** The least error as HiGHS proves it; undefined when it finds the instance infeasible. Costs and errors whole numbers. */
export function highsOptimum(groups: readonly (readonly Option[])[], budgets: readonly number[]): number | undefined {
  const solution = highs.solve(linearProgram(groups, budgets), {
    mip_rel_gap: 0,
    mip_abs_gap: 0.5,
    output_flag: false,
  });
  if (solution.Status === 'Infeasible') return undefined;
  if (solution.Status !== 'Optimal') throw new Error(`HiGHS says ${solution.Status}`);
  return Math.round(solution.ObjectiveValue);
}

/** CPLEX LP format: one binary for every option. HiGHS reads lines up to some hundred characters, so one term a line. */
function linearProgram(groups: readonly (readonly Option[])[], budgets: readonly number[]): string {
  const sum = (amountOf: (option: Option) => number) =>
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
