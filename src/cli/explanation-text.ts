import { absent, type Column, errorSize, printable, shortCount, textTable } from '../report/index.ts';
import type { Explanation, PlanExplanation } from './engine.ts';
import { nodeGroupLines } from './group-text.ts';

/** What the passes of a pipeline would make of a node. */
export function explanationText({ node, operator, methods, groups, decision, advice }: Explanation): string {
  const cost = `${shortCount(node.params)} params, ${shortCount(node.macs)} MACs`;
  return [
    ` ${printable(node.name)}  ${node.opType} ${node.shape.join('x')} ${node.dtype}  ${cost}`,
    ` ${operator}`,
    ...methods.flatMap((method) => ['', ...methodLines(method)]),
    ...nodeGroupLines(groups),
    '',
    ...ending(decision, advice),
  ].join('\n');
}

function methodLines({ pass, equation, ranks, cost, weightError, decision }: Explanation['methods'][number]): string[] {
  const chosen = Object.entries(ranks ?? {}).map(([axis, rank]) => `${axis}=${rank}`);
  const numbers = [
    ...chosen,
    ...(cost ? [`${shortCount(cost.params)} params`, `${shortCount(cost.macs)} MACs`] : []),
    ...(weightError === null ? [] : [`weight error ${errorSize(weightError)}`]),
  ];
  return [` ${pass}  ${equation}`, ...(numbers.length > 0 ? [`   ${numbers.join('  ')}`] : []), `   ${decision}`];
}

const columns: readonly Column[] = [
  { title: '' },
  { title: 'method' },
  { title: 'ranks' },
  { title: 'params', align: 'right' },
  { title: 'MACs', align: 'right' },
  { title: 'ms', align: 'right' },
  { title: 'error', align: 'right' },
];

type Way = NonNullable<PlanExplanation['chosen']>;

const errorsOf = {
  outputs: "errors are expected E‖ŷ−y‖²/Σvar(y) of the node's outputs",
  weights: 'errors are ‖Ŵ−W‖²/‖W‖² of its weight, for want of data',
} as const;

/** What a plan does with a node, and why it does not do the next best. */
export function planExplanationText(explanation: PlanExplanation): string {
  const { goal, errorOf, node, importance, chosen, others, groups, decision, advice } = explanation;
  const aim = goal.length > 0 ? `goal ${goal.join(', ')}` : 'no goal: the plan knows no next best';
  return [
    ` ${printable(node.name)}  ${node.opType} ${node.shape.join('x')}`,
    ` ${printable(chosen ? `${aim}; ${errorsOf[errorOf]}` : aim)}`,
    ...(chosen && importance !== 1 ? [` ${importanceText(importance)}`] : []),
    ...(chosen ? ['', ...wayTable(chosen, others), ...reasons(others)] : []),
    ...nodeGroupLines(groups),
    '',
    ...ending(decision, advice),
  ].join('\n');
}

function importanceText(importance: number): string {
  const times = Number(importance.toPrecision(2));
  return `an error here counts ${times}× in the choice, by what of it arrives at the model's outputs`;
}

function wayTable(chosen: Way, others: readonly Way[]): readonly string[] {
  return textTable(columns, [wayRow('goal', chosen), ...others.map((other, i) => wayRow(`next ${i + 1}`, other))]);
}

function wayRow(place: string, { method, ranks, cost, error }: Way): string[] {
  return [
    place,
    method ?? 'kept',
    ranks ? Object.values(ranks).join(',') : absent,
    shortCount(cost.params),
    shortCount(cost.macs),
    cost.milliseconds === null ? absent : String(Number(cost.milliseconds.toPrecision(3))),
    errorSize(error),
  ];
}

function reasons(others: PlanExplanation['others']): readonly string[] {
  if (others.length === 0) return [];
  return ['', ...others.map(({ whyNot }, i) => ` not next ${i + 1}: ${printable(whyNot)}`)];
}

function ending(decision: string, advice: readonly string[]): readonly string[] {
  return [` ${printable(decision)}`, ...advice.map((line) => `   ${printable(line)}`)];
}
