import type { FrontierFigures, FrontierPointFigures } from './frontier.ts';
import { paretoFrontier } from './pareto.ts';
import { costShare, type Quality } from './quality.ts';

/** A point as it is drawn; without an interval both bounds are the value. */
export interface Dot {
  readonly wanted: string;
  readonly x: number;
  readonly xLow: number;
  readonly xHigh: number;
  readonly y: number;
  readonly yLow: number;
  readonly yHigh: number;
  readonly frontier: boolean;
}

export interface Panel {
  readonly title: string;
  readonly dots: readonly Dot[];
}

const axisTitles = {
  params: 'parameters, after ÷ before',
  macs: 'MACs, after ÷ before',
  size: 'file size, after ÷ before',
  latency: 'latency, after ÷ before',
} as const;

/** What the original has of what points keep. */
export function originalOf(points: readonly FrontierPointFigures[], quality: Quality | undefined): number {
  if (quality?.kind === 'top-1') return points.find(({ accuracy }) => accuracy)?.accuracy?.before ?? 1;
  return quality?.kind === 'agreement' ? 1 : 0;
}

/** Points against the cost that a sweep is over, and against latency where that is another one. */
export function panelsOf(
  points: readonly FrontierPointFigures[],
  over: FrontierFigures['over'],
  quality: Quality | undefined,
): readonly Panel[] {
  const timed = over !== 'latency' && points.some(({ latency }) => latency);
  return ([over, ...(timed ? (['latency'] as const) : [])] as const).map((cost) => ({
    title: axisTitles[cost],
    dots: quality ? dotsOf(points, cost, quality) : [],
  }));
}

function dotsOf(
  points: readonly FrontierPointFigures[],
  cost: FrontierFigures['over'],
  quality: Quality,
): readonly Dot[] {
  const dots = points.flatMap((point) => {
    const [kept, x] = [quality.of(point), spanOf(point, cost)];
    if (!kept || !x) return [];
    const [yLow, yHigh] = kept.ci95 ?? [kept.value, kept.value];
    return [{ wanted: point.wanted, ...x, y: kept.value, yLow, yHigh }];
  });
  const sign = quality.better === 'more' ? -1 : 1;
  const marked = paretoFrontier(dots.map(({ x, y }) => ({ cost: x, loss: sign * y })));
  return dots.map((dot, k) => ({ ...dot, frontier: marked[k] ?? false }));
}

function spanOf(point: FrontierPointFigures, cost: FrontierFigures['over']) {
  const x = costShare(point, cost);
  if (x === undefined) return undefined;
  const { latency } = point;
  const [xLow, xHigh] = cost === 'latency' && latency ? [1 / latency.ci95[1], 1 / latency.ci95[0]] : [x, x];
  return { x, xLow, xHigh };
}
