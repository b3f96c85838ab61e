import type { FrontierFigures, FrontierPointFigures } from './frontier.ts';

/** What a point keeps of the original, with its 95 % interval where there is one. */
export interface Kept {
  readonly value: number;
  readonly ci95: readonly [low: number, high: number] | null;
}

/** How it is told what points keep: by the first of these that any of them has. */
export interface Quality {
  readonly kind: 'top-1' | 'agreement' | 'outputError';
  readonly better: 'more' | 'less';
  of(point: Judged): Kept | undefined;
}

type Judged = Pick<FrontierPointFigures, 'accuracy' | 'agreement'>;

const qualities: readonly Quality[] = [
  {
    kind: 'top-1',
    better: 'more',
    of: ({ accuracy }) => {
      if (!accuracy) return undefined;
      // Of the paired difference: that is what tells a point from the original.
      const { before, after, ci95 } = accuracy;
      return { value: after, ci95: [before + ci95[0] / 100, before + ci95[1] / 100] };
    },
  },
  {
    kind: 'agreement',
    better: 'more',
    of: ({ agreement }) =>
      typeof agreement?.top1Agreement === 'number'
        ? { value: agreement.top1Agreement, ci95: agreement.agreementCi95 }
        : undefined,
  },
  {
    kind: 'outputError',
    better: 'less',
    of: ({ agreement }) => (agreement ? { value: agreement.outputError, ci95: agreement.outputErrorCi95 } : undefined),
  },
];

/** @returns undefined where nothing was judged */
export function qualityOf(points: readonly Judged[]): Quality | undefined {
  return qualities.find(({ of }) => points.some((point) => of(point) !== undefined));
}

type Cost = Pick<FrontierPointFigures, 'reached' | 'latency'>;

/** After ÷ before of the cost that a sweep is over; undefined where it is not known. */
export function costShare({ reached, latency }: Cost, over: FrontierFigures['over']): number | undefined {
  if (over === 'latency') return latency ? 1 / latency.ratio : undefined;
  return reached.ratio[over] ?? undefined;
}
