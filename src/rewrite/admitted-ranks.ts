import { type Cost, type Ranks, type Skip, skip } from '../pass/index.ts';
import { isAdmissible, type PricedMethod } from './priced-method.ts';

/** Ranks as the decomposition allows them, or why they must not be used. */
export function admittedRanks(space: Omit<PricedMethod, 'steps' | 'options'>, wanted: Ranks): Ranks | Skip {
  const { node } = space.operator;
  const ranks = space.clamp(wanted);
  if (!isAdmissible(space.decomposition, ranks))
    return skip(node, 'rank-zero', `ranks ${text(ranks)} are not between 1 and the kernel's own`);
  if (space.gains(ranks)) return ranks;
  const costs = comparison(space.originalCost, space.cost(ranks));
  return skip(node, 'no-gain', `ranks ${text(ranks)} would make it larger: ${costs}`);
}

function text(ranks: Ranks): string {
  return Object.entries(ranks)
    .map(([name, rank]) => `${name}=${rank}`)
    .join(', ');
}

function comparison(before: Cost, after: Cost): string {
  return `params ${before.params} → ${after.params}, MACs ${Math.round(before.macs)} → ${Math.round(after.macs)}${before.macsUnit === 'position' ? ' per position' : ''}`;
}
