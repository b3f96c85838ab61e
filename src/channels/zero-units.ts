import type { ChannelGroups } from './channel-groups.ts';
import { Surgeon } from './surgeon.ts';
import { Weights } from './weights.ts';

/** Sets filters and biases of all makers of these units to zero. */
export function zeroUnits(groups: ChannelGroups, units: ReadonlySet<number>, weights: Weights): void {
  if (units.size === 0) return;
  for (const filters of groups.draft.filters)
    filters.makes.atoms.forEach((atom, position) => {
      if (units.has(groups.unitOf(atom))) weights.zero(filters, position);
    });
}

/** The model that a removal must equal, in place: all shapes as they were. */
export function zeroChannels(groups: ChannelGroups, units: ReadonlySet<number>): void {
  const weights = new Weights();
  zeroUnits(groups, units, weights);
  const surgeon = new Surgeon(() => false, groups.draft);
  for (const filters of weights.changed) {
    const [weight, bias] = [weights.weightOf(filters), weights.biasOf(filters)];
    if (weight) surgeon.setTensors([[filters.node, filters.weightIndex]], weight);
    if (bias && filters.biasIndex !== undefined) surgeon.setTensors([[filters.node, filters.biasIndex]], bias);
  }
  surgeon.operate();
}
