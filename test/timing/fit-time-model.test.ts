import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../src/numerics/index.ts';
import { chainWork, workNames } from '../../src/timing/chain-work.ts';
import { fitTimeModel, type SizedStep } from '../../src/timing/index.ts';
import { conv, cp, manyChains, tucker } from './chains.ts';

/** Nanoseconds a unit would be; in the order of workNames. */
const truth: Partial<Record<(typeof workNames)[number], number>> = {
  'pointwise macs': 2e-8,
  'spatial macs': 1.5e-8,
  'grouped macs': 4e-8,
  'grouped activations': 1e-7,
  spilled: 3e-7,
  fetches: 2e-7,
  steps: 1e-3,
};

function trueTime(chain: readonly SizedStep[], block: number, cache = Number.POSITIVE_INFINITY): number {
  return chainWork(chain, block, cache).reduce(
    (sum, amount, i) => sum + amount * (truth[workNames[i] ?? 'steps'] ?? 0),
    0,
  );
}

const timed = (block: number, noise = 0) => {
  const random = seededRandom(1, 'noise');
  return manyChains().map((chain) => ({
    chain,
    milliseconds: trueTime(chain, block) * Math.exp(noise * random.normal()),
  }));
};

const unseen = [
  ...[5, 10, 14, 18, 28].flatMap((rank) => [tucker(64, rank, 32, 10), cp(32, rank, 48, 12)]),
  [conv(24, 40, [3, 3], 9)],
];

describe('fitTimeModel', () => {
  it('finds the block that channels are rounded up to', () => {
    for (const block of [4, 8, 16, 32]) expect(fitTimeModel(timed(block, 0.03)).block).toBe(block);
  });

  it('finds the cache beyond which what goes in and out takes longer', () => {
    const cache = 2 ** 16;
    const wide = [16, 32, 64, 96].flatMap((channels) =>
      [14, 28, 40, 56].flatMap((size) => [tucker(channels, 8, channels, size), cp(channels, 16, channels, size)]),
    );
    const samples = [...manyChains(), ...wide].map((chain) => ({ chain, milliseconds: trueTime(chain, 8, cache) }));
    const model = fitTimeModel(samples, { local: false });
    const chain = tucker(80, 16, 80, 48);
    expect(model.coefficients.spilled).toBeGreaterThan(0);
    expect(model.milliseconds(chain) / trueTime(chain, 8, cache)).toBeCloseTo(1, 2);
    expect(trueTime(chain, 8, cache) / trueTime(chain, 8)).toBeGreaterThan(1.1);
  });

  it('predicts chains that it never saw from exact times', () => {
    const model = fitTimeModel(timed(8));
    expect(model.rms).toBeLessThan(1e-3);
    for (const chain of unseen) expect(model.milliseconds(chain) / trueTime(chain, 8)).toBeCloseTo(1, 2);
  });

  it('is no more off than the measurements are', () => {
    const model = fitTimeModel(timed(8, 0.05));
    const logs = unseen.map((chain) => Math.log(model.milliseconds(chain) / trueTime(chain, 8)));
    expect(Math.hypot(...logs) / Math.sqrt(logs.length)).toBeLessThan(0.05);
  });

  it('says that more work takes longer, however wrong the measurements are', () => {
    const model = fitTimeModel(timed(8, 1), { local: false });
    for (const method of [tucker, cp]) {
      const times = Array.from({ length: 40 }, (_, i) => model.milliseconds(method(64, i + 1, 64, 14)));
      expect(times.every((time) => time > 0)).toBe(true);
      // Off multiples of 4 channels ONNX Runtime leaves the blocked layout, so that fewer can take longer.
      const aligned = times.filter((_, i) => (i + 1) % 4 === 0);
      expect(aligned).toEqual([...aligned].sort((a, b) => a - b));
    }
  });

  it('learns from neighbours what the sums of work do not tell', () => {
    const odd = timed(8).map(({ chain, milliseconds }) => ({
      chain,
      milliseconds: milliseconds * (chain[0]?.inputs === 32 ? 1.5 : 1),
    }));
    const chain = tucker(32, 10, 32, 14);
    const off = (model: { milliseconds(chain: readonly SizedStep[]): number }) =>
      Math.abs(Math.log(model.milliseconds(chain) / (1.5 * trueTime(chain, 8))));
    const [plain, corrected] = [fitTimeModel(odd, { local: false }), fitTimeModel(odd)];
    expect(corrected.radius).toBeGreaterThan(0);
    expect(corrected.rms).toBeLessThan(plain.rms);
    expect(off(corrected)).toBeLessThan(off(plain) / 2);
  });
});
