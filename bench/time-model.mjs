/**
 * How well times of operators are predicted, on this machine.
 *
 * 1. Made-up configurations, 64–512 channels at 8–56 pixels, ranks on and off whole blocks: times modelled from four
 *    fifths of them are compared with measured ones of the last fifth, five times over, per kind. Three models: MACs, MACs in
 *    whole blocks of channels, and the full model. Models are made from one measurement, as the tool makes it; what they are
 *    compared with is the geometric mean of others, so that it is the model that is judged and not the luck of one
 *    measurement. How far the first is from that mean stands beside it.
 * 2. Networks of the corpus: the ratio of whole-model times of the network and of a factorized copy, measured in pairs,
 *    and that of the sums of their nodes' modelled times, without and with what the network takes besides its linear nodes;
 *    the ranks in the copy were not measured.
 *
 *     npm run build && node bench/time-model.mjs [--threads N] [--configurations N|0] [--networks none] [--ratio R]
 *         [--others N] [--json FILE]
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compress } from '../dist/src/index.js';
import { seededRandom } from '../dist/src/numerics/index.js';
import { openRuntime, runtimeInfo } from '../dist/src/runtime/index.js';
import { measureCallOverhead } from '../dist/src/timing/call-overhead.js';
import { fitTimeModel } from '../dist/src/timing/index.js';
import { measureBelievably } from '../dist/src/timing/measure-believably.js';
import { measureLatency } from '../dist/src/validate/index.js';
import { corpusNetworks } from './networks.mjs';
import { networkTimes } from './time-model-network.mjs';

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    configurations: { type: 'string', default: '140' },
    networks: { type: 'string', default: '' },
    ratio: { type: 'string', default: '0.5' },
    others: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const threads = Number(values.threads);
const folds = 5;

/** @param {number} inputs @param {number} outputs @param {readonly number[]} kernelShape @param {number} size */
function conv(inputs, outputs, kernelShape, size, groups = 1) {
  const pads = kernelShape.map((taps) => (taps - 1) / 2);
  const [ones, zeros, sizes] = [1, 0, size].map((value) => kernelShape.map(() => value));
  return {
    opType: 'Conv',
    groups,
    inputs,
    outputs,
    kernelShape,
    strides: ones,
    dilations: ones,
    padsBegin: pads,
    padsEnd: pads,
    outputPadding: zeros,
    inputSizes: sizes,
    outputSizes: sizes,
  };
}

const random = seededRandom(3, 'configurations');
const pick = (list) => list[Math.floor(random.uniform() * list.length)];

/** A tenth to seven tenths of the channels: mostly a multiple of 8, else one of 4, else anything. */
function rank(channels) {
  const wanted = channels * (0.1 + 0.6 * random.uniform());
  const unit = pick([8, 8, 8, 4, 1]);
  return Math.max(unit, Math.round(wanted / unit) * unit);
}

const kinds = {
  original: (S, T, size) => [conv(S, T, [3, 3], size)],
  'original 1×1': (S, T, size) => [conv(S, T, [1, 1], size)],
  'tucker-2': (S, T, size) => {
    const [R3, R4] = [rank(S), rank(T)];
    return [conv(S, R3, [1, 1], size), conv(R3, R4, [3, 3], size), conv(R4, T, [1, 1], size)];
  },
  cp: (S, T, size) => {
    const R = rank(2 * S);
    return [conv(S, R, [1, 1], size), conv(R, R, [3, 3], size, R), conv(R, T, [1, 1], size)];
  },
  'spatial-svd': (S, T, size) => {
    const R = rank(S);
    return [conv(S, R, [3, 1], size), conv(R, T, [1, 3], size)];
  },
  'channel-svd': (S, T, size) => {
    const R = rank(S);
    return [conv(S, R, [3, 3], size), conv(R, T, [1, 1], size)];
  },
  'svd 1×1': (S, T, size) => {
    const R = rank(S);
    return [conv(S, R, [1, 1], size), conv(R, T, [1, 1], size)];
  },
};

/** Those that take longer than some 10 ms are left out: their time is that of their MACs. */
function configurations(count) {
  const names = Object.keys(kinds);
  const found = [];
  while (found.length < count) {
    const kind = names[found.length % names.length];
    const inputs = pick([64, 96, 128, 192, 256, 384, 512]);
    const outputs = pick([inputs, inputs, inputs, Math.min(512, 2 * inputs), Math.max(64, inputs / 2)]);
    const size = pick([8, 14, 16, 28, 32, 56]);
    if (inputs * outputs * size ** 2 * (kind === 'original' ? 9 : 1) < 3e8)
      found.push({ kind, chain: kinds[kind](inputs, outputs, size) });
  }
  return found;
}

const rootMeanSquare = (list) => Math.sqrt(list.reduce((sum, value) => sum + value ** 2, 0) / list.length);
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);

/** Log errors of each sample by a model of the samples in other folds, against what others measured. */
function heldOutErrors(samples, model) {
  const models = Array.from({ length: folds }, (_, fold) => model(samples.filter((_, i) => i % folds !== fold)));
  return samples.map(({ chain, others }, i) => Math.log(models[i % folds](chain) / others));
}

const geometricMean = (list) => Math.exp(list.reduce((sum, value) => sum + Math.log(value), 0) / list.length);

/** Milliseconds in proportion to one amount of work, geometric mean. */
function proportional(samples, work) {
  const logs = samples.map(({ chain, milliseconds }) => Math.log(milliseconds / work(chain)));
  const factor = Math.exp(logs.reduce((sum, value) => sum + value, 0) / logs.length);
  return (chain) => factor * work(chain);
}

function macs(chain, block) {
  const up = (value) => Math.ceil(value / block) * block;
  return chain.reduce((sum, { groups, inputs, outputs, kernelShape, outputSizes }) => {
    const pairs = groups === 1 ? up(inputs) * up(outputs) : up(groups);
    return sum + pairs * [...kernelShape, ...outputSizes].reduce((product, size) => product * size, 1);
  }, 0);
}

const { cpu, instructionSet, version } = runtimeInfo();
console.log(`ONNX Runtime ${version}, ${cpu}, ${instructionSet}, ${threads} thread(s)\n`);
const runtime = await openRuntime({ threads });
const results = { configurations: [], networks: [] };
try {
  if (values.configurations !== '0') await configurationTable();
  if (values.networks !== 'none') await networkTable();
} finally {
  await runtime.close();
}
if (values.json) writeFileSync(values.json, JSON.stringify(results));

async function configurationTable() {
  if (!(Number(values.others) >= 1)) throw new Error('--others: 1 at least, predictions are compared with them');
  const start = performance.now();
  const options = { threads, device: 'cpu' };
  const overhead = await measureCallOverhead(runtime, options);
  const made = configurations(Number(values.configurations));
  const chains = made.map(({ chain }) => chain);
  const times = await measureBelievably(runtime, chains, overhead, options);
  const seconds = (performance.now() - start) / 1e3;
  const again = [];
  for (let i = 0; i < Number(values.others); i++)
    again.push(await measureBelievably(runtime, chains, overhead, options));
  const samples = made.map((one, i) => ({
    ...one,
    milliseconds: times[i],
    others: geometricMean(again.map((own) => own[i])),
  }));
  results.configurations = samples;
  const { block, radius } = fitTimeModel(samples);
  const models = {
    MACs: (known) => proportional(known, (chain) => macs(chain, 1)),
    'MACs in whole blocks': (known) => proportional(known, (chain) => macs(chain, block)),
    'full model': (known) => fitTimeModel(known).milliseconds,
  };
  const luck = rootMeanSquare(samples.map(({ milliseconds, others }) => Math.log(milliseconds / others)));
  console.log(
    `${samples.length} configurations in ${seconds.toFixed(1)} s (${(overhead.call * overhead.reference * 1e3).toFixed(0)} µs a call); block ${block}; neighbours within ${radius} octaves; one measurement is off by ${percent(luck)} rms from the mean of ${again.length} others\n`,
  );
  row(['kind', 'n', ...Object.keys(models).flatMap((name) => [`${name}: rms log error`, 'worst'])]);
  row(['---', '---', ...Object.keys(models).flatMap(() => ['---', '---'])]);
  const errors = Object.values(models).map((model) => heldOutErrors(samples, model));
  for (const kind of [...Object.keys(kinds), 'all']) {
    const mine = samples.map((sample) => kind === 'all' || sample.kind === kind);
    const cells = errors.flatMap((list) => {
      const own = list.filter((_, i) => mine[i]);
      return [percent(rootMeanSquare(own)), percent(Math.max(...own.map(Math.abs)))];
    });
    row([kind, mine.filter(Boolean).length, ...cells]);
  }
}

async function networkTable() {
  console.log(`\nFactorized to ${values.ratio} of the MACs of each node:\n`);
  row([
    'network',
    'method',
    'MAC ratio',
    'measured ratio: paired (95 %)',
    'of shortest runs',
    'by sums',
    'off',
    'by sums and the rest',
    'off',
    'calibration',
  ]);
  row(Array.from({ length: 10 }, () => '---'));
  for (const { title, model } of corpusNetworks()) {
    if (/32\.onnx$/.test(model)) continue;
    for (const [method, block] of [
      ['tucker-2{sweeps=0}', 8],
      ['tucker-2{sweeps=0}', 1],
      ['spatial-svd', 8],
      ['cp-split{sweeps=1,starts=1}', 8],
    ]) {
      const pipeline = `fuse-batch-norm,ratio-ranks{macs=${values.ratio},block=${block}},${method},svd`;
      const copy = await compress(model, { pipeline, requireGain: 'macs', check: 'contraction' });
      const { input, output } = copy.report;
      const bytes = copy.bytes();
      const found = await networkTimes(runtime, model, bytes, threads);
      const latency = await measureLatency(runtime, { path: model }, bytes, { pairs: 100, threads });
      if (latency.kind === 'unjudged') throw new Error(latency.reason);
      const { ratio, ci95 } = threads === 1 ? latency.cpu : latency.wall;
      const shortest = found.whole / found.wholeCopy;
      const predicted = [0, found.whole - found.before].map((rest) => (found.before + rest) / (found.after + rest));
      results.networks.push({ title, pipeline, ratio, ci95, predicted, ...found });
      row([
        title,
        `${method.replace(/\{.*/, '')}, ranks by ${block}`,
        (input.macs / output.macs).toFixed(2),
        `${ratio.toFixed(3)} (${ci95.map((end) => end.toFixed(3)).join('–')})`,
        shortest.toFixed(3),
        ...predicted.flatMap((one) => [one.toFixed(3), percent(Math.log(one / shortest))]),
        `${found.measured} chains ${found.cold.toFixed(1)} s, again ${found.warm.toFixed(2)} s, rms ${percent(found.rms)}`,
      ]);
    }
  }
}
