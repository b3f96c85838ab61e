// y = R σ(F x), filter u of F removed → R′ σ(F′ x) + R_u σ_u(0): filters go with all that makes or reads the same channels
import { definePass, losslessPruning, type Pruning, smallestUnits } from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  ratio: z.number().gt(0).lt(1).optional().describe('share of each group that goes'),
  count: z.int().min(1).optional().describe('filters that go from each group, in place of ratio'),
  criterion: z.enum(['l1', 'l2']).default('l2').describe('which go first: those with the smallest norm'),
});

export default definePass({
  name: 'prune-filters',
  kind: 'prune',
  summary: 'remove whole filters and what reads them; at no loss unless ratio or count is given',
  reference: 'arXiv:1608.08710',
  options,
  match(group, groups, { options: { ratio, count, criterion } }): Pruning {
    if (ratio === undefined && count === undefined) return losslessPruning(groups, group);
    const wanted = Math.min(count ?? Math.floor((ratio ?? 0) * group.units.length), group.units.length - 1);
    const smallest = smallestUnits(groups, group, criterion === 'l1' ? 1 : 2);
    return { units: smallest.slice(0, wanted), world: 'zeroed' };
  },
});
