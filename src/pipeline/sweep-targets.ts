import { diagnostics } from '../diagnostics.ts';
import { parseCost, type Target, type TargetKind } from './goal.ts';
import type { SweepOptions } from './options.ts';

/** Ten shares that fall by the same factor. */
const usualPoints = ['0.9x', '0.74x', '0.6x', '0.5x', '0.41x', '0.33x', '0.27x', '0.22x', '0.18x', '0.15x'] as const;

/** Which of the points a process makes: every `of`-th, from the `index`-th on; counted from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface SweepTargets {
  readonly over: TargetKind;
  /** Of this process, in falling order. */
  readonly targets: readonly Target[];
  readonly shard: Shard | null;
}

/**
 * What the models of a sweep are to cost.
 *
 * @throws invalid-option (2): points that are no costs, twice the same, shares beside amounts; a shard that is no i/n.
 * usage (2): a shard without a cache that others read or with plug-ins, which nothing is kept for; times not to be measured
 */
export function sweepTargets(options: SweepOptions): SweepTargets {
  const { over = 'macs', points = usualPoints, bench = true } = options;
  if (over === 'latency' && !bench)
    throw diagnostics.usage('--over latency and --no-bench: a latency has to be measured', 'Leave --no-bench out.');
  const told = { expected: `${over} such as ` };
  const targets = points.map((text) => parseCost(over, text, { ...told, where: `--points ${text}` }));
  const [first] = targets;
  if (!first) throw diagnostics.invalidOption('--points', 'there are none');
  const twice = targets.find(({ most }, k) => targets.findIndex((other) => other.most === most) < k);
  if (twice) throw diagnostics.invalidOption('--points', `${twice.text} is given twice`);
  const other = targets.find(({ unit }) => unit !== first.unit);
  if (other)
    throw diagnostics.invalidOption(
      '--points',
      `${first.text} and ${other.text}: shares and amounts do not go together`,
    );
  const falling = targets.toSorted((a, b) => b.most - a.most);
  const shard = parseShard(options);
  return { over, shard, targets: shard ? falling.filter((_, k) => k % shard.of === shard.index - 1) : falling };
}

function parseShard({ shard: text, cache, plugins = [] }: SweepOptions): Shard | null {
  if (text === undefined) return null;
  const [, index, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index === undefined || of === undefined || index < 1 || index > of)
    throw diagnostics.invalidOption(`--shard ${text}`, 'expected i/n with i from 1 to n, such as 2/4');
  if (cache === undefined)
    throw diagnostics.usage(
      '--shard needs --cache: its points are for a run that puts all together',
      'Name a folder that all shards share: --cache DIR.',
    );
  if (plugins.length > 0)
    throw diagnostics.usage('--shard and --plugin: nothing is kept of passes whose code may change');
  return { index, of };
}
