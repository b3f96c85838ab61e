import { describe, expect, test } from '@jest/globals';
import { Choices, type ChoicesInit } from '../../src/pipeline/choices.ts';
import type { Candidate, NodeCandidates } from '../../src/rewrite/index.ts';

/** The first node of a pair with so many channels between. */
function steps(channels: number, groups = 1): Candidate['steps'] {
  const first = { groups, inputs: 64, outputs: channels };
  const last = { groups: 1, inputs: channels, outputs: 64 };
  return [first, last] as unknown as Candidate['steps'];
}

function candidate(channels: number, error: number, groups = 1): Candidate {
  const cost = { params: channels, macs: channels, macsUnit: 'sample' as const };
  return {
    method: groups > 1 ? 'grouped-core' : 'svd',
    ranks: { R: channels },
    cost,
    steps: steps(channels, groups),
    error,
  };
}

/** What is chosen of one node within a budget of 40 channels. */
function chosenOf(
  candidates: readonly Candidate[],
  { chosen = false, ...init }: Partial<ChoicesInit> & { readonly chosen?: boolean } = {},
): number | undefined {
  const whole = { params: 100, macs: 100 };
  const node: NodeCandidates = {
    kept: {
      ...{ name: 'node', opType: 'Conv', shape: [64, 64, 3, 3], method: null, ranks: null, rankSource: null },
      cost: { before: whole, after: whole },
      ...{ weightError: null, outputError: null, skipped: null, sensitivity: null, candidates: [] },
    },
    ...{ cost: { ...whole, macsUnit: 'sample' }, step: {} as NonNullable<NodeCandidates['step']> },
    ...{ candidates, chosen, without: () => undefined },
  };
  const common = { pruned: [], nodes: [node], kinds: ['macs' as const], norm: 'outputs' as const };
  const choices = new Choices({ ...common, milliseconds: undefined, bytesPerParameter: 4, ...init });
  return choices.within([40])?.nodes[0]?.ranks?.['R'];
}

describe('channels between new nodes', () => {
  test('come in the widest blocks that cost at most a tenth of error more', () => {
    const [odd, fours, eights, sixteens] = [
      candidate(39, 1),
      candidate(36, 1.09),
      candidate(24, 1.09),
      candidate(32, 1.09),
    ];
    expect(chosenOf([odd, fours, eights, sixteens])).toBe(32);
    expect(chosenOf([odd, fours, eights, { ...sixteens, error: 1.11 }])).toBe(24);
    expect(chosenOf([odd, fours, { ...eights, error: 1.11 }, { ...sixteens, error: 1.11 }])).toBe(36);
    expect(chosenOf([odd, ...[fours, eights, sixteens].map((one) => ({ ...one, error: 1.11 }))])).toBe(39);
  });

  test('may be a part of a block where they are few', () => {
    expect(chosenOf([candidate(7, 1), candidate(8, 1.05), candidate(12, 1.02)])).toBe(8);
  });

  test('fill the blocks of each group, unless every channel is a group of its own', () => {
    expect(chosenOf([candidate(39, 1), candidate(32, 1.05, 16)])).toBe(39);
    const depthwise = {
      ...candidate(32, 1.05),
      steps: [{ groups: 32, inputs: 32, outputs: 32 }, ...steps(32).slice(1)],
    };
    expect(chosenOf([candidate(39, 1), depthwise as Candidate])).toBe(32);
  });

  test('are told by time alone where time has a budget', () => {
    const ways = [candidate(39, 1), candidate(32, 1.05)];
    const milliseconds: ChoicesInit['milliseconds'] = ({ length }) => (length === 1 ? 100 : 30);
    expect(chosenOf(ways, { kinds: ['latency'], milliseconds })).toBe(39);
  });

  test('are as they were where ranks were set by hand', () => {
    expect(chosenOf([candidate(39, 1)], { chosen: true })).toBe(39);
  });
});
