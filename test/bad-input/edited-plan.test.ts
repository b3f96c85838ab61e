import { describe, expect, test } from '@jest/globals';
import { apply, plan } from '../../src/pipeline/index.ts';
import { op, through, weight } from '../hard-models/build.ts';
import { bytesOf } from './folder.ts';

const pipeline = 'ratio-ranks{params=0.5,ends=fit},svd';

/** Two MatMuls that the pipeline rewrites. */
const model = bytesOf(
  through([op('MatMul', 'x w', 'h'), op('MatMul', 'h u', 'y')], [weight('w', [8, 8]), weight('u', [8, 8])], [3, 8]),
);

describe('a plan from which an entry was taken', () => {
  test('keeps that node, and the report says so', async () => {
    const made = await plan(model, { pipeline });
    expect(made.nodes.map(({ name, method }) => [name, method])).toEqual([
      ['h', 'svd'],
      ['y', 'svd'],
    ]);
    const { report } = await apply(model, { ...made, nodes: made.nodes.slice(1) }, { bench: false });
    expect(report.nodes.map(({ name, skipped }) => [name, skipped])).toEqual([
      ['y', null],
      ['h', { code: 'excluded', text: 'the plan does not name it' }],
    ]);
  });
});
