import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Event } from '../../src/events.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { apply, type Frontier, frontierSchema, type SweepOptions, sweep } from '../../src/pipeline/index.ts';
import { npyBytes } from '../data/data-files.ts';
import { randomSamples } from '../observe/array-dataset.ts';
import { everyOperatorDims as dims, everyOperator } from '../support/every-operator.ts';

let folder = '';
let data = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sweep-test-'));
  data = join(folder, 'images.npy');
  await writeFile(data, npyBytes(randomSamples(128, dims), [128, ...dims]));
});
afterAll(() => rm(folder, { recursive: true }));

const model = writeModel(everyOperator());
const base: SweepOptions = { bench: false, samples: 64 };
const fitted = (options: SweepOptions = {}): SweepOptions => ({ ...base, calibrate: data, ...options });
const points = ['0.5x', '0.9x', '0.7x', '0.35x'];

/** Stages that did something, and the frontier. */
async function watched(options: SweepOptions) {
  const events: Event[] = [];
  const frontier = await sweep(model, { ...options, onEvent: (event) => events.push(event) });
  const ended = events.flatMap((event) => (event.kind === 'stage' && event.state === 'end' ? [event] : []));
  return { frontier, ended, stages: ended.map(({ stage }) => stage) };
}

/** All but timings and what is not made here. */
function facts({ run: _run, shard: _shard, ...frontier }: Frontier) {
  return frontier;
}

describe('a sweep', () => {
  let whole: Awaited<ReturnType<typeof watched>>;
  beforeAll(async () => {
    whole = await watched(fitted({ points, cache: join(folder, 'whole') }));
  });

  test('has points of falling cost in whatever order they are asked for, each within what was wanted', () => {
    const { frontier } = whole;
    expect(frontierSchema.parse(frontier)).toEqual(frontier);
    expect(frontier.points.map(({ wanted, met }) => [wanted, met])).toEqual(
      ['0.9x', '0.7x', '0.5x', '0.35x'].map((wanted) => [wanted, true]),
    );
    const shares = frontier.points.map(({ reached }) => reached.ratio.macs ?? 1);
    expect(shares).toEqual(shares.toSorted((a, b) => b - a));
    for (const [k, { wanted }] of frontier.points.entries())
      expect(shares[k]).toBeLessThanOrEqual(Number.parseFloat(wanted));
  });

  test('judges on samples that no fit has seen, with intervals, and proves each model', () => {
    for (const { agreement, exact, latency, accuracy } of whole.frontier.points) {
      expect(agreement).toMatchObject({ inputs: 'held-back', samples: 64 });
      for (const interval of [agreement?.agreementCi95, agreement?.klCi95, agreement?.outputErrorCi95])
        expect(interval).toHaveLength(2);
      const [low = 1, high = 0] = agreement?.outputErrorCi95 ?? [];
      expect(low <= (agreement?.outputError ?? -1) && (agreement?.outputError ?? 2) <= high).toBe(true);
      expect([exact?.ok, latency, accuracy]).toEqual([true, null, null]);
    }
  });

  test('opens the data and finds the candidates once, and says one line for each point', () => {
    const { ended, stages } = whole;
    expect(stages.filter((stage) => stage === 'observe')).toHaveLength(1);
    // Candidates once, then a plan for each point.
    expect(stages.filter((stage) => stage === 'plan')).toHaveLength(1 + points.length);
    const lines = ended.slice(stages.indexOf('observe') + 1).flatMap(({ text }) => text ?? []);
    expect(lines).toHaveLength(points.length);
    expect(lines[0]).toMatch(/^1\/4 {2}macs 0\.9x: reached 0\.\d+x, agreement \d+\.\d %$/);
  });

  test('fits fast unless more is asked for', async () => {
    expect(whole.frontier.calibration?.effort).toBe('fast');
    const { calibration } = await sweep(model, fitted({ points: ['0.5x'], effort: 'normal' }));
    expect(calibration?.effort).toBe('normal');
  });

  test('tells the plan of each point, which makes the same model again', async () => {
    for (const { plan, reached } of whole.frontier.points) {
      const { report } = await apply(model, plan, { ...base, calibrate: data });
      expect(report.output.sha256).toBe(reached.sha256);
      expect(report.output.macs).toBe(reached.macs);
    }
  });

  test('is read from the cache again, and computes nothing then', async () => {
    const { frontier, stages } = await watched(fitted({ points, cache: join(folder, 'whole') }));
    expect(facts(frontier)).toEqual(facts(whole.frontier));
    expect([whole.frontier.run.cached, frontier.run.cached]).toEqual([0, points.length]);
    expect(new Set(stages)).toEqual(new Set(['read', 'hash', 'observe', 'sweep']));
  });

  test('computes again what the seed or the samples change', async () => {
    for (const change of [{ seed: 1 }, { samples: 48 }, { check: 'nodes' }] as const) {
      const options = fitted({ points: ['0.5x'], cache: join(folder, 'whole'), ...change });
      expect((await sweep(model, options)).run.cached).toBe(0);
    }
  });

  test('can be made in shares, which together are the same', async () => {
    const cache = join(folder, 'shared');
    const shares: Frontier[] = [];
    for (const shard of ['1/3', '2/3', '3/3']) shares.push(await sweep(model, fitted({ points, cache, shard })));
    expect(shares.map(({ shard }) => shard)).toEqual([1, 2, 3].map((index) => ({ index, of: 3 })));
    expect(shares.map((share) => share.points.map(({ wanted }) => wanted))).toEqual([
      ['0.9x', '0.35x'],
      ['0.7x'],
      ['0.5x'],
    ]);
    const { frontier, stages } = await watched(fitted({ points, cache }));
    expect(facts(frontier)).toEqual(facts(whole.frontier));
    expect(stages).not.toContain('factorize');
  });

  test('has nothing in a share beyond the last point', async () => {
    const cache = join(folder, 'shared');
    const { points: none } = await sweep(model, fitted({ points, cache, shard: '6/6' }));
    expect(none).toEqual([]);
  });
});

describe('points of a sweep', () => {
  test('that cannot be reached are told, with the nearest model, made once', async () => {
    const reachable = await watched(fitted({ points: ['0.5x', '0.004x'] }));
    const { frontier, stages } = await watched(fitted({ points: ['0.5x', '0.004x', '0.002x'] }));
    expect(frontier.points.map(({ met, why }) => [met, why === null])).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    const [, low, least] = frontier.points;
    expect(low?.why).toMatch(/^the nearest that was found is 0\.\d+x$/);
    expect(least?.reached.sha256).toBe(low?.reached.sha256);
    // The second point that cannot be reached asks for no fit of its own.
    const fits = (all: readonly string[]) => all.filter((stage) => stage === 'factorize').length;
    expect(fits(reachable.stages)).toBeGreaterThan(1);
    expect(fits(stages)).toBe(fits(reachable.stages));
  });

  test.each(['params', 'size'] as const)('can be of falling %s', async (over) => {
    const frontier = await sweep(model, fitted({ over, points: ['0.8x', '0.6x'] }));
    const shares = frontier.points.map(({ reached }) => reached.ratio[over] ?? 1);
    expect(shares[0]).toBeLessThanOrEqual(0.8);
    expect(shares[1]).toBeLessThanOrEqual(0.6);
    expect(frontier.points.every(({ met }) => met)).toBe(true);
  });

  test('can be amounts', async () => {
    const { points: made } = await sweep(model, fitted({ over: 'size', points: ['14KB', '18KB'] }));
    expect(made.map(({ wanted }) => wanted)).toEqual(['18KB', '14KB']);
    expect(made[1]?.reached.bytes).toBeLessThanOrEqual(14_000);
  });

  test('are timed against the original, and can be of falling latency', async () => {
    const timed = { calibrate: data, samples: 64, over: 'latency', points: ['0.9x'] } as const;
    const [point] = (await sweep(model, timed)).points;
    expect(point?.latency?.ci95).toHaveLength(2);
    // Met where the interval reaches it, as by every target of latency.
    expect(point?.met).toBe(1 / (point?.latency?.ci95[1] ?? 0) <= 0.9);
    if (!point?.met) expect(point?.why).toMatch(/nearest|interval/);
  });

  test('of a model that ONNX Runtime cannot check are the original, and say so', async () => {
    const old = everyOperator();
    old.opsetImports.splice(0, old.opsetImports.length, { domain: '', version: 6 });
    const { points: made } = await sweep(writeModel(old), { ...base, points: ['0.5x'] });
    expect(made).toMatchObject([{ met: false, agreement: null, reached: { ratio: { params: 1 } } }]);
    expect(made[0]?.why).toMatch(/opset 6 is outside/);
  });
});

describe('a sweep refuses', () => {
  test.each<[string, SweepOptions, RegExp]>([
    ['points that are no costs', { points: ['half'] }, /--points half: expected macs such as 0\.5x/],
    ['points that grow', { points: ['2x'] }, /--points 2x: a ratio is after ÷ before/],
    ['points twice', { points: ['0.5x', '0.50x'] }, /0\.5x is given twice|0\.50x is given twice/],
    ['no points', { points: [] }, /--points: there are none/],
    ['shares beside amounts', { points: ['0.5x', '2M'] }, /shares and amounts do not go together/],
    ['a share of nothing', { cache: 'c', shard: '0/4' }, /--shard 0\/4: expected i\/n/],
    ['a share beyond the last', { cache: 'c', shard: '5/4' }, /--shard 5\/4: expected i\/n/],
    ['a share that is no share', { cache: 'c', shard: 'a' }, /--shard a: expected i\/n/],
    ['a share without a cache', { shard: '1/4' }, /--shard needs --cache/],
    ['a share with plug-ins', { cache: 'c', shard: '1/4', plugins: ['x'] }, /--shard and --plugin/],
    ['times that are not to be measured', { over: 'latency' }, /--over latency and --no-bench/],
    ['a rank pass', { pipeline: 'ratio-ranks{macs=0.5},svd' }, /both choose ranks/],
  ])('%s', async (_, options, message) => {
    await expect(sweep(model, { ...base, ...options })).rejects.toThrow(message);
  });
});
