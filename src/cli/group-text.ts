import { type Column, errorSize, printable, textTable } from '../report/index.ts';
import type { Explanation, Inspection } from './engine.ts';

type Group = NonNullable<Inspection['groups']>[number];
type NodeGroup = Explanation['groups'][number];

const columns: readonly Column[] = [
  { title: 'channel group' },
  { title: 'channels', align: 'right' },
  { title: 'made by', align: 'right' },
  { title: 'read by', align: 'right' },
  { title: '' },
];

/** One line per group of channels, with the reason why they stay. */
export function groupTable(groups: readonly Group[]): readonly string[] {
  if (groups.length === 0) return [' no channels that a node of this model makes'];
  return textTable(
    columns,
    groups.map(({ name, channels, makers, readers, frozen }) => [
      name,
      String(channels),
      String(makers.length),
      String(readers.length),
      frozen ? `${frozen.code}: ${frozen.text}` : '',
    ]),
  );
}

/** The groups that a node makes and reads: who else does, and what becomes of them. */
export function nodeGroupLines(groups: readonly NodeGroup[]): readonly string[] {
  return groups.flatMap((group) => {
    const { name, channels, roles, makers, readers } = group;
    const read = readers.length > 0 ? `read by ${listed(readers)}` : 'read by no node with weights';
    return [
      '',
      ` ${roles.join(' and ')} channels of ${printable(name)}, ${channels} in all: made by ${listed(makers)}; ${read}`,
      `   ${printable(outcome(group))}`,
    ];
  });
}

function outcome({ frozen, pruned }: NodeGroup): string {
  if (frozen) return `they stay (${frozen.code}): ${frozen.text}`;
  if (!pruned) return 'free to go together; all that do something are kept';
  const { pass, kept, of, loss } = pruned;
  return `${pass} keeps ${kept} of ${of}${loss === null ? '' : `, at a loss of ${errorSize(loss)}`}`;
}

/** Names that are listed; of more, the first. */
const most = 6;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, most).map(printable).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
