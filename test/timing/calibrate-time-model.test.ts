import { describe, expect, it } from '@jest/globals';
import { openCache } from '../../src/cache/index.ts';
import type { Device, RuntimeInfo } from '../../src/runtime/index.ts';
import { chainModel } from '../../src/timing/chain-model.ts';
import { chooseChains } from '../../src/timing/choose-chains.ts';
import { calibrateTimeModel, measureModel, type TimedChain, timedOperator } from '../../src/timing/index.ts';
import { timeCopies } from '../../src/timing/time-copies.ts';
import { unalignedChains } from '../../src/timing/unaligned-chains.ts';
import { conv, cp, manyChains, tucker } from './chains.ts';
import { type FakeWork, fakeRuntime } from './fake-runtime.ts';

const block = 8;
const up = (channels: number) => Math.ceil(channels / block) * block;

/** A processor with vectors of eight. */
function convolution({ inputs, outputs, groups, taps, inputPositions, outputPositions }: FakeWork): number {
  const pairs = groups > 1 ? up(outputs) : up(inputs) * up(outputs);
  const moved = up(inputs) * inputPositions + up(outputs) * outputPositions;
  return 2e-8 * pairs * taps * outputPositions + 5e-8 * moved + 1e-3;
}

const machine: RuntimeInfo = { version: '1.0', cpu: 'fake', instructionSet: 'eights' };
const chains = manyChains();

describe('calibrateTimeModel', () => {
  it('gives measured times back, models the others, and says how many it measured', async () => {
    const { runtime } = fakeRuntime(convolution);
    const model = await calibrateTimeModel(runtime, chains, { machine, perFamily: 4 });
    if (!model) throw new Error('the fake runtime takes every chain');
    expect(model.block).toBe(block);
    expect(model.measured).toBeGreaterThanOrEqual(8 + 8 * 4);
    expect(model.measured).toBeLessThanOrEqual(8 + 8 * 4 + 12);
    expect(model.cached).toBe(0);
    // Of a lone chain's time the call is subtracted as a small part of many copies; what is left of it is below 1 %.
    const original = chains[0] as TimedChain;
    const { inputs, outputs } = { inputs: 16, outputs: 16 };
    const exact = convolution({ inputs, outputs, groups: 1, taps: 9, inputPositions: 256, outputPositions: 256 });
    expect((model.milliseconds(original) ?? 0) / exact).toBeCloseTo(1, 1);
    const ranks = [8, 16, 24, 32, 40, 48].map((rank) => model.milliseconds(tucker(64, rank, 64, 8)) ?? Number.NaN);
    expect(ranks.every((time) => time > 0)).toBe(true);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
  });

  it('measures nothing twice, in one run or in the next', async () => {
    const { runtime, seen } = fakeRuntime(convolution);
    const cache = openCache(undefined);
    const first = await calibrateTimeModel(runtime, [...chains, ...chains], { machine, cache });
    const before = seen.models;
    const again = await calibrateTimeModel(runtime, [...chains].reverse(), { machine, cache });
    expect(seen.models).toBe(before);
    expect(again).toMatchObject({ measured: 0, cached: first?.measured });
    const more = await calibrateTimeModel(runtime, [...chains, [conv(8, 24, [3, 3], 8)]], { machine, cache });
    expect(more).toMatchObject({ measured: 1 });
  });

  it('measures once more what took much longer than all else lets expect', async () => {
    const undisturbed = await calibrateTimeModel(fakeRuntime(convolution).runtime, chains, { machine });
    const original = chains[0] as TimedChain;
    // The first model of such convolutions alone is timed in a bad moment.
    let bad: number | undefined;
    const busy = fakeRuntime((work) => {
      const alone = work.inputs === 16 && work.outputs === 16 && work.taps === 9 && work.inputPositions === 256;
      if (alone) bad ??= busy.seen.models;
      return (alone && busy.seen.models === bad ? 3 : 1) * convolution(work);
    });
    const model = await calibrateTimeModel(busy.runtime, chains, { machine });
    expect(bad).toBeDefined();
    expect(model?.milliseconds(original)).toBeCloseTo(undisturbed?.milliseconds(original) ?? 0, 12);
  });

  it('measures again what another machine, device, version, number of threads or attribute may change', async () => {
    const { runtime } = fakeRuntime(convolution);
    const cache = openCache(undefined);
    const base = conv(16, 16, [3, 3], 12);
    await calibrateTimeModel(runtime, [[base]], { machine, cache });
    const measured = async (
      chain: TimedChain,
      options: { threads?: number; device?: Device; machine?: RuntimeInfo } = {},
    ) => (await calibrateTimeModel(runtime, [chain], { machine, cache, ...options }))?.measured;
    expect(await measured([base])).toBe(0);
    expect(await measured([base], { device: 'cpu' })).toBe(0);
    for (const other of [
      { threads: 2 },
      { device: 'cuda' as const },
      { device: 'webgpu' as const },
      { machine: { ...machine, version: '1.1' } },
      { machine: { ...machine, cpu: 'another' } },
      { machine: { ...machine, instructionSet: 'sixteens' } },
    ])
      expect(await measured([base], other)).toBe(1);
    const small = { inputSizes: [11, 12], outputSizes: [11, 12] };
    for (const change of [
      { dilations: [2, 1], padsBegin: [2, 1], padsEnd: [2, 1] },
      { strides: [2, 2], outputSizes: [6, 6] },
      { padsBegin: [0, 2], padsEnd: [2, 0] },
      { groups: 2 },
      small,
    ])
      expect(await measured([{ ...base, ...change }])).toBe(1);
    // Names are no part of a measurement.
    expect(await measured([{ ...base, ...{ label: 'elsewhere' } }])).toBe(0);
  });

  it('has no time for sizes that are not known, and none at all where nothing has sizes', async () => {
    const { runtime } = fakeRuntime(convolution);
    const open = [{ ...conv(16, 16, [3, 3], 8), inputSizes: undefined }];
    const model = await calibrateTimeModel(runtime, [...chains, open], { machine });
    expect(model?.milliseconds(open)).toBeUndefined();
    expect(await calibrateTimeModel(runtime, [open], { machine })).toBeUndefined();
  });
});

describe('timeCopies', () => {
  it.each([
    ['the geometric mean of three sessions on one thread', 1, 3, 2],
    ['one session on several threads, where whole models are looked at', 2, 1, 1],
  ])('tells %s', async (_, threads, sessions, slower) => {
    const step = conv(16, 16, [3, 3], 12);
    const isTimed = ({ inputs, inputPositions }: FakeWork) => inputs === 16 && inputPositions === 144;
    const timed = async (speeds: readonly number[]) => {
      let seen = 0;
      const { runtime } = fakeRuntime((work) => (isTimed(work) ? (speeds[seen++] ?? 1) : 1) * convolution(work), 0);
      const [ratio = Number.NaN] = await timeCopies(runtime, [{ chain: [step], copies: 1 }], {
        threads,
        device: 'cpu',
      });
      return { ratio, seen };
    };
    const steady = await timed([]);
    expect(steady.seen).toBe(sessions);
    expect((await timed([1, 2, 4])).ratio / steady.ratio).toBeCloseTo(slower, 12);
  });
});

describe('measureModel', () => {
  it('goes by the clock of the time model', async () => {
    const { runtime } = fakeRuntime(convolution);
    const model = await calibrateTimeModel(runtime, chains, { machine });
    if (!model) throw new Error('the fake runtime takes every chain');
    const chain = tucker(32, 16, 32, 14);
    const { bytes, feeds } = chainModel(chain, 3);
    const whole = await measureModel(runtime, bytes, feeds, model);
    expect(whole / (3 * (model.milliseconds(chain) ?? 0))).toBeCloseTo(1, 0);
    expect(whole).toBeGreaterThan(3 * 3e-3);
  });
});

describe('timedOperator', () => {
  it('counts channels of all groups together', () => {
    const perGroup = { ...conv(3, 5, [3, 3], 8), groups: 4, weightLayout: 'conv' };
    expect(timedOperator(perGroup)).toEqual({ ...conv(12, 20, [3, 3], 8), groups: 4 });
  });
});

describe('chooseChains', () => {
  const ranks = [8, 16, 24, 32, 40, 48, 56, 64];
  const family = ranks.map((rank) => tucker(64, rank, 64, 8));
  const original = [conv(64, 64, [3, 3], 8)];

  it('always takes originals, and the ends and the middle of a family', () => {
    expect(chooseChains([...family, original], { perFamily: 3, most: 100 })).toEqual([0, 2, 7, 8]);
    expect(chooseChains([...family, original], { perFamily: 3, most: 0 })).toContain(8);
  });

  it('takes fewer of each family before it takes more than it may', () => {
    const families = [8, 10, 12, 14].flatMap((size) => ranks.map((rank) => tucker(64, rank, 64, size)));
    expect(chooseChains(families, { perFamily: 4, most: 8 })).toHaveLength(8);
    expect(chooseChains(families, { perFamily: 4, most: 1 })).toHaveLength(4);
    expect(chooseChains(families, { perFamily: 99, most: 1000 })).toHaveLength(families.length);
  });
});

describe('unalignedChains', () => {
  it('adds one to the ranks and leaves the ends alone', () => {
    expect(unalignedChains([tucker(64, 8, 48, 6), cp(64, 16, 48, 6)], 5)).toEqual([
      tucker(64, 9, 48, 6),
      cp(64, 17, 48, 6),
    ]);
  });

  it('has nothing to add to single operators and to ranks that are off whole blocks already', () => {
    expect(unalignedChains([[conv(64, 64, [3, 3], 6)], tucker(64, 9, 64, 6)], 5)).toEqual([]);
  });

  it('spreads a few over many', () => {
    const family = [8, 16, 24, 32, 40, 48].map((rank) => tucker(64, rank, 64, 8));
    expect(unalignedChains(family, 3).map((chain) => chain[0]?.outputs)).toEqual([9, 25, 41]);
  });
});
