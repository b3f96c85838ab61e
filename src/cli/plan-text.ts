import { absent, type Column, errorSize, shortCount, textTable } from '../report/index.ts';
import { type Plan, type PlanNode, parseRanges } from '../rewrite/index.ts';

const columns: readonly Column[] = [
  { title: 'node' },
  { title: 'op' },
  { title: 'shape' },
  { title: 'method' },
  { title: 'ranks' },
  { title: 'params' },
  { title: 'MACs' },
  { title: 'error' },
  { title: '' },
];

/** The table of a plan, its pipeline, and what it comes to. */
export function planText({ pruned, nodes, pipeline }: Plan): string {
  const chosen = nodes.filter(({ method }) => method !== null);
  const before = sum(chosen.map(({ cost }) => cost?.before.params ?? 0));
  const after = sum(chosen.map(({ cost }) => cost?.after.params ?? 0));
  const saved = chosen.length > 0 ? `; their params ${change(before, after)}` : '';
  const totals = ` ${chosen.length} to rewrite, ${nodes.length - chosen.length} kept${saved}`;
  const groups = pruned.length > 0 ? ['', ...textTable(prunedColumns, pruned.map(prunedRow))] : [];
  return [...textTable(columns, nodes.map(planRow)), ...groups, '', ` ${pipeline}`, totals].join('\n');
}

const prunedColumns: readonly Column[] = [
  { title: 'channel group' },
  { title: 'channels' },
  { title: 'loss' },
  { title: 'chosen by' },
];

function prunedRow({ group, kept, of, loss, pass }: Plan['pruned'][number]): string[] {
  return [group, `${of}→${parseRanges(kept)?.length ?? absent}`, errorSize(loss), pass];
}

function planRow({ name, opType, shape, method, ranks, cost, weightError, skipped, rankSource }: PlanNode): string[] {
  return [
    name,
    opType,
    shape.join('x'),
    method ?? 'kept',
    ranks ? Object.values(ranks).join(',') : absent,
    change(cost?.before.params, cost?.after.params),
    change(cost?.before.macs, cost?.after.macs),
    errorSize(weightError),
    skipped ? `${skipped.code}: ${skipped.text}` : (rankSource ?? ''),
  ];
}

/** `36.9k→13.3k`; one number where nothing changes. */
function change(before: number | null | undefined, after: number | null | undefined): string {
  const changes = after !== null && after !== undefined && after !== before;
  return changes ? `${shortCount(before)}→${shortCount(after)}` : shortCount(before);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
