import type { Model } from '../../../src/ir/index.ts';
import { type SeededRandom, seededRandom } from '../../../src/numerics/index.ts';
import type { EngineOptions } from '../../../src/pipeline/index.ts';
import { chance, integer, pick } from '../../support/draws.ts';

const canonicalize = ['fuse-batch-norm', 'resolve-pads'];
const cleanup = ['eliminate-dead-nodes', 'share-initializers'];

/**
 * What a user might write, options included; the same for the same seed.
 *
 * @param data to calibrate on, where filters may be chosen by them
 */
export function randomPipeline(seed: number, model: Model, data?: string): EngineOptions {
  const random = seededRandom(seed, 'random-pipeline');
  // A method has the same options wherever it stands.
  const available = methods(random);
  const segment = () => [rankPass(random, model), ...subset(random, available, 0.4)];
  const segments = Array.from({ length: pick(random, [1, 1, 1, 2]) }, segment);
  const pruned = pruning(seed, data);
  const passes = [
    ...shortcuts(seed),
    ...subset(random, canonicalize, 0.6),
    ...pruned.passes,
    ...segments.flat(),
    ...subset(random, cleanup, 0.6),
  ];
  return {
    pipeline: passes.join(','),
    requireGain: pick(random, ['none', 'none', 'params-or-macs', 'params', 'macs'] as const),
    freezeInputs: chance(random, 0.2),
    seed: integer(random, 0, 3),
    bench: false,
    ...pruned.options,
  };
}

/** Passes that change nothing but the form. */
export function exactPipeline(seed: number): EngineOptions {
  const random = seededRandom(seed, 'exact-pipeline');
  return {
    pipeline:
      [...shortcuts(seed), ...subset(random, [...canonicalize, ...cleanup], 0.8), ...idle(seed)].join(',') || 'none',
    bench: false,
  };
}

/** Filters that go, seldom, by their weights or by data; from a stream of its own. */
function pruning(seed: number, data: string | undefined) {
  const random = seededRandom(seed, 'random-pruning');
  const share = decimal(random, 0.1, 0.8);
  const amount = pick(random, [`ratio=${share}`, `count=${integer(random, 1, 4)}`]);
  const criterion = pick(random, ['l1', 'l2', 'activation', 'obs', undefined]);
  const needed = criterion === 'activation' || criterion === 'obs';
  const said = criterion && (data !== undefined || !needed) ? `,criterion=${criterion}` : '';
  const choosing = `prune-filters{${amount}${said}}`;
  const passes = subset(random, ['prune-filters', choosing], 0.35);
  const calibrated = data !== undefined && passes.includes(choosing) && (needed || chance(random, 0.3));
  return { passes, options: calibrated ? { calibrate: data } : {} };
}

/** Shortcuts as convolutions, in half of the pipelines. */
function shortcuts(seed: number): readonly string[] {
  return subset(seededRandom(seed, 'shortcuts'), ['pad-to-conv'], 0.5);
}

/** Filters that go at no loss, in half of the pipelines. */
function idle(seed: number): readonly string[] {
  return subset(seededRandom(seed, 'idle-filters'), ['prune-filters'], 0.5);
}

function rankPass(random: SeededRandom, model: Model): string {
  return pick(random, [
    () =>
      `ratio-ranks{${pick(random, ['macs', 'params'])}=${decimal(random, 0.2, 1)},block=${pick(random, [1, 1, 2, 4])},ends=${pick(random, ['fit', 'fit', 'keep'])}}`,
    () => `energy-ranks{keep=${pick(random, [1, 0.99, 0.9, 0.5, 0.01])}}`,
    () => `error-ranks{max=${pick(random, [0.01, 0.1, 0.3, 0.9])}}`,
    () =>
      `vbmf-ranks{mode=${pick(random, ['scale-invariant', 'published'])},weakening=${pick(random, [1, 0.5, 0])},minimum=${integer(random, 0, 2)}}`,
    () => fixedRanks(random, model),
  ])();
}

/** Ranks by name for some nodes, whether they exist there or not. */
function fixedRanks(random: SeededRandom, { graph }: Model): string {
  const names = graph.nodes
    .filter((node) => node.is('Conv', 'ConvTranspose', 'Gemm', 'MatMul'))
    .map((node) => node.name || node.outputs[0]?.name);
  const listed = subset(random, [...new Set(names)], 0.7).map(
    (name) => `${name}=${Array.from({ length: pick(random, [1, 1, 2, 2, 3, 4]) }, () => integer(random, 1, 4)).join()}`,
  );
  return `fixed-ranks{${listed.join()}}`;
}

function methods(random: SeededRandom): readonly string[] {
  return [
    'svd',
    'svd',
    'channel-svd',
    `spatial-svd{order=${pick(random, ['vertical-first', 'horizontal-first', 'auto'])}}`,
    `tucker-2{sides=${pick(random, ['both', 'input', 'output', 'auto'])},sweeps=${pick(random, [0, 1, 10])}}`,
    `cp-split{form=${pick(random, ['three', 'four'])},sweeps=${pick(random, [1, 20])}}`,
    `grouped-core{block=${pick(random, [2, 3])},sweeps=${pick(random, [1, 10])}}`,
    'tensor-train',
  ];
}

/** Each of them with a probability, in any order. */
function subset<Item>(random: SeededRandom, items: readonly Item[], probability: number): readonly Item[] {
  const left = items.filter(() => chance(random, probability));
  const drawn: Item[] = [];
  while (left.length > 0) drawn.push(...left.splice(integer(random, 0, left.length - 1), 1));
  return drawn;
}

function decimal(random: SeededRandom, low: number, high: number): number {
  return Number((low + (high - low) * random.uniform()).toFixed(3));
}
