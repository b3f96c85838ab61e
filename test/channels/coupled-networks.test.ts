import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { channelGroups } from '../../src/channels/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';
import { inferShapes, writeModel } from '../../src/onnx/index.ts';
import { openRuntime, type Runtime } from '../../src/runtime/index.ts';
import { coupledNetwork } from './coupled-network.ts';
import { errorOverTolerance, zeroedAndPruned } from './zeroed-and-pruned.ts';

const first = Number(process.env['ONNX_TUCKER_FUZZ_SEED'] ?? 1);
const networks = Number(process.env['ONNX_TUCKER_PRUNED_NETWORKS'] ?? 500);
const seeds = Array.from({ length: networks }, (_, i) => first + i);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime({});
});
afterAll(() => runtime.close());

test('most groups of random coupled networks are free', () => {
  const groups = seeds.slice(0, 200).flatMap((seed) => {
    const model = coupledNetwork(seed);
    return channelGroups(model, inferShapes(model)).groups;
  });
  const free = groups.filter(({ frozen }) => !frozen);
  expect(free.length / groups.length).toBeGreaterThan(0.7);
});

test(`${networks} random coupled networks, pruned, equal themselves with zeroed filters`, async () => {
  const seen = { units: 0, carriers: 0, unstable: 0 };
  for (const seed of seeds) {
    const random = seededRandom(seed, 'units');
    const share = random.uniform();
    const { zeroed, pruned, removal } = zeroedAndPruned(coupledNetwork(seed), () => random.uniform() < share);
    const error = await errorOverTolerance(runtime, zeroed, pruned);
    if (!(error === undefined || error <= 1)) throw new Error(`seed ${seed}: ${error} times the tolerance`);
    seen.units += removal.removed.size;
    seen.carriers += removal.carriers.size;
    if (error === undefined) seen.unstable++;
  }
  expect(seen.units / networks).toBeGreaterThan(4);
  expect(seen.carriers).toBeGreaterThan(networks / 20);
  expect(seen.unstable).toBeLessThan(networks / 50);
}, 36_000_000);

test('the same units of the same network leave the same bytes', () => {
  for (const seed of seeds.slice(0, 20)) {
    const [one, other] = [0, 1].map(() => zeroedAndPruned(coupledNetwork(seed), (_, place) => place % 3 === 0).pruned);
    if (one && other) expect(Buffer.compare(writeModel(one), writeModel(other))).toBe(0);
  }
});
