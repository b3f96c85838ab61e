// y = R σ(F x), filter u of F removed → R′ σ(F′ x) + R_u σ_u(0): filters go with all that makes or reads the same channels
import {
  activationOrder,
  byScore,
  definePass,
  filterNorms,
  type PruneQuestion,
  type PruneRule,
  surgeonOrder,
} from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  ratio: z.number().gt(0).lt(1).optional().describe('share of each group that goes'),
  count: z.int().min(1).optional().describe('filters that go from each group, in place of ratio'),
  criterion: z
    .enum(['l1', 'l2', 'activation', 'obs'])
    .optional()
    .describe('which go first: smallest norm, norm × input energy, loss of the best repair; obs with data, else l2'),
});

/** In the order of Σ|w|^order. */
function byNorm(order: 1 | 2): PruneRule['order'] {
  return async (question: PruneQuestion) => {
    const norms = filterNorms(question.groups, question.group, order);
    return byScore(question, (place) => norms[place] as number);
  };
}

const orders: Readonly<Record<'l1' | 'l2' | 'activation' | 'obs', PruneRule['order']>> = {
  l1: byNorm(1),
  l2: byNorm(2),
  activation: async (question) => activationOrder(question),
  obs: surgeonOrder,
};

export default definePass({
  name: 'prune-filters',
  kind: 'prune',
  summary: 'remove whole filters and what reads them; at no loss unless ratio or count is given',
  reference: 'arXiv:1608.08710',
  options,
  rule({ ratio, count, criterion }): PruneRule {
    return {
      ...((ratio ?? count) !== undefined && { count: (units) => count ?? Math.floor((ratio ?? 0) * units) }),
      data: criterion === undefined ? 'if-any' : criterion === 'l1' || criterion === 'l2' ? 'none' : 'needed',
      order: (question) => orders[criterion ?? (question.evidence ? 'obs' : 'l2')](question),
    };
  },
});
