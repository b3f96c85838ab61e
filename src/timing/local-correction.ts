import { elements, roundUp, stepKind } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

/** How far off a model was on a chain that was measured: log of measured ÷ modelled. */
export interface Residual {
  readonly chain: readonly SizedStep[];
  readonly log: number;
}

/** What measurements nearby say about a chain; 0 where there are none. */
export type LocalCorrection = (chain: readonly SizedStep[]) => number;

/** Octaves. */
const radii = [0.25, 0.5, 1, 2] as const;

/** Neighbours at no distance count this many times as much as "the model is right". */
const trust = 4;

/**
 * Mean of the residuals around a chain, each with the weight exp(−d²/2h²) (Nadaraya and Watson), and a weight of its own for
 * no correction at all. Neighbours are chains of the same operators; their distance d is that of the logarithms of
 * channels, in whole blocks, and of positions. Leaving out one residual after the other finds the radius h, or that no
 * correction is best.
 */
export function localCorrection(
  residuals: readonly Residual[],
  block: number,
): { readonly correct: LocalCorrection; readonly rms: number; readonly radius: number } {
  const points = residuals.map(({ chain, log }) => ({ ...place(chain, block), log }));
  const families = new Map<string, Point[]>();
  for (const point of points) families.set(point.operators, [...(families.get(point.operators) ?? []), point]);
  const near = (one: Place, radius: number, leftOut?: Point) =>
    smooth(families.get(one.operators) ?? [], one, radius, leftOut);
  const without = { rms: rootMeanSquare(points.map(({ log }) => log)), radius: 0 };
  const best = radii
    .map((radius) => ({
      rms: rootMeanSquare(points.map((point) => point.log - near(point, radius, point))),
      radius,
    }))
    .reduce((a, b) => (b.rms < a.rms ? b : a), without);
  return {
    ...best,
    correct: (chain) => (best.radius === 0 ? 0 : near(place(chain, block), best.radius)),
  };
}

interface Place {
  readonly operators: string;
  readonly at: readonly number[];
}

type Point = Place & { readonly log: number };

/** @param points measurements of chains of the same operators */
function smooth(points: readonly Point[], { at }: Place, radius: number, leftOut?: Point): number {
  let [total, weights] = [0, 1 / trust];
  for (const point of points) {
    if (point === leftOut) continue;
    const square = at.reduce((sum, value, i) => sum + (value - (point.at[i] ?? value)) ** 2, 0);
    const weight = Math.exp(-square / (2 * radius ** 2));
    total += weight * point.log;
    weights += weight;
  }
  return total / weights;
}

function place(chain: readonly SizedStep[], block: number): Place {
  const operators = chain.map((step) => [step.opType, stepKind(step), step.kernelShape, step.strides, step.dilations]);
  const channels = [chain[0]?.inputs ?? 1, ...chain.map(({ outputs }) => outputs)];
  const at = [
    ...channels.map((count) => Math.log2(roundUp(count, block))),
    Math.log2(Math.max(1, elements(chain.at(-1)?.outputSizes ?? []))),
  ];
  return { operators: JSON.stringify(operators), at };
}

export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / Math.max(1, values.length));
}
