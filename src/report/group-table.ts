import { countedCodes } from './counted-codes.ts';
import { absent, errorSize, shortCount } from './numbers.ts';
import type { Report, ReportGroup } from './report.ts';
import type { Column } from './text-table.ts';

/** One line per group of channels that lost filters; terminal and HTML show the same cells. */
export const groupColumns: readonly Column[] = [
  { title: 'channel group', most: 40 },
  { title: 'made by', spare: true },
  { title: 'read by', spare: true },
  { title: 'channels' },
  { title: 'loss' },
  { title: 'params' },
  { title: 'MACs' },
];

export function groupCells({ name, makers, readers, channels, loss, saved }: ReportGroup): string[] {
  return [
    name,
    nodeCount(makers),
    nodeCount(readers),
    `${channels.before}→${channels.after}`,
    errorSize(loss),
    less(saved.params),
    less(saved.macs),
  ];
}

/** `2 of 12 groups of channels lost filters; frozen: 3 graph-output`; nothing where no pass prunes. */
export function groupSummary({ groups }: Report): string | undefined {
  if (!groups) return undefined;
  const { total, pruned, frozen } = groups;
  return [
    `${pruned.length > 0 ? pruned.length : 'none'} of ${total} groups of channels lost filters`,
    ...(frozen.length > 0 ? [`frozen: ${countedCodes(frozen.map(({ code }) => code))}`] : []),
    ...(pruned.some(({ loss }) => loss) ? ['loss: expected outputErrors of their readers, fitted anew, added up'] : []),
  ].join('; ');
}

function nodeCount(names: readonly string[]): string {
  return names.length === 1 ? '1 node' : `${names.length} nodes`;
}

function less(saved: number | null): string {
  return saved === null ? absent : saved === 0 ? '0' : `−${shortCount(saved)}`;
}
