import type { FrontierFigures, FrontierPointFigures } from './frontier.ts';
import { absent, byteCount, errorSize, longCount, percent, shortCount, signed } from './numbers.ts';
import { type Column, printable, textTable } from './text-table.ts';

interface Cells extends Column {
  cell(point: FrontierPointFigures): string;
}

/** A table of the points and a line for each that did not reach what was wanted. @param width columns of the terminal */
export function frontierTable(frontier: FrontierFigures, width?: number): string {
  const { points, over, model, shard } = frontier;
  const columns = columnsOf(frontier);
  const rows = points.map((point) => columns.map(({ cell }) => cell(point)));
  const missed = points.filter(({ met }) => !met);
  const whose = shard ? `, share ${shard.index} of ${shard.of}` : '';
  return [
    ` ${names[over]} of ${model.file ?? 'the model'}: ${longCount(model.params)} parameters, ${longCount(model.macs)} MACs, ${byteCount(model.bytes)}${whose}`,
    '',
    ...textTable(columns, rows, width),
    '',
    ' * no other point costs less and keeps as much',
    ...missed.map(({ wanted, why }) => ` ${wanted} was not reached: ${why ?? 'not known'}`),
  ]
    .map(printable)
    .join('\n');
}

const names = { params: 'parameters', macs: 'MACs', size: 'size', latency: 'latency' } as const;

/** Only columns that say something of a point. */
function columnsOf({ points, over }: FrontierFigures): readonly Cells[] {
  const columns: readonly (Cells & { readonly shown?: boolean })[] = [
    { title: '', cell: ({ frontier }) => (frontier ? '*' : '') },
    { title: over, cell: ({ wanted }) => wanted },
    right('MACs', ({ reached }) => share(reached.ratio.macs)),
    right('params', ({ reached }) => share(reached.ratio.params)),
    { ...right('file', ({ reached }) => share(reached.ratio.size)), spare: true },
    { ...right('parameters', ({ reached }) => shortCount(reached.params)), spare: true },
    {
      ...right('latency', ({ latency }) => share(latency && 1 / latency.ratio)),
      shown: points.some(({ latency }) => latency),
    },
    {
      ...right('95 %', ({ latency }) =>
        latency ? `${(1 / latency.ci95[1]).toFixed(2)} … ${(1 / latency.ci95[0]).toFixed(2)}` : absent,
      ),
      shown: points.some(({ latency }) => latency),
    },
    { ...right('top-1', ({ accuracy }) => percent(accuracy?.after ?? null)), shown: labelled(points) },
    {
      ...right('change', ({ accuracy }) => (accuracy ? signed(accuracy.difference, 1) : absent)),
      shown: labelled(points),
    },
    {
      ...right('95 %', ({ accuracy }) =>
        accuracy ? accuracy.ci95.map((bound) => signed(bound, 1)).join(' … ') : absent,
      ),
      shown: labelled(points),
    },
    {
      ...right('agreement', ({ agreement }) => percent(agreement?.top1Agreement ?? null)),
      spare: labelled(points),
      shown: points.some(({ agreement }) => typeof agreement?.top1Agreement === 'number'),
    },
    {
      ...right('KL', ({ agreement }) => errorSize(agreement?.klDivergence ?? null)),
      spare: true,
      shown: points.some(({ agreement }) => typeof agreement?.klDivergence === 'number'),
    },
    right('error', ({ agreement }) => errorSize(agreement?.outputError ?? null)),
  ];
  return columns.filter(({ shown = true }) => shown);
}

function labelled(points: readonly FrontierPointFigures[]): boolean {
  return points.some(({ accuracy }) => accuracy);
}

function right(title: string, cell: Cells['cell']): Cells {
  return { title, align: 'right', cell };
}

function share(ratio: number | null): string {
  return ratio === null ? absent : `${ratio.toFixed(3)}x`;
}
