/**
 * Ranks for the LeNets of bench/calibrated-accuracy.mjs: of all ranks that bring the whole model's parameters down by a
 * factor, those whose model stays nearest to the original. Nearness is the mean KL divergence of the answers on 4096
 * training images, drawn with another seed than the 2048 that calibrate; no label is read.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/lenet-ranks.mjs lenet300|lenet5 RATIO [--weights]
 *
 * All ranks but the one of fc1, where most parameters are, come from a grid; fc1 gets what is left. Prints every candidate,
 * then the best one as a pipeline. --weights fits without data.
 */
import { parseArgs } from 'node:util';
import { compress, inspect, verify } from '../dist/src/index.js';
import { corpusFile } from './networks.mjs';

/** Per network: pipeline after the ranks, and the grid. A rank of 0 leaves the node whole. */
const searches = {
  lenet300: {
    file: 'mnist_lenet300.onnx',
    methods: 'svd',
    grid: { '/fc2/Gemm': [6, 8, 10, 12, 15, 18, 22, 26], '/fc3/Gemm': [0] },
  },
  lenet5: {
    file: 'mnist_lenet5.onnx',
    methods: 'cp-split,svd',
    grid: { '/conv2/Conv': [20, 40, 60, 80, 100, 130], '/fc2/Gemm': [0, 5, 7] },
  },
};
const filled = '/fc1/Gemm';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { weights: { type: 'boolean', default: false } },
});
const { file, methods, grid } = searches[positionals[0] ?? 'lenet300'];
const ratio = Number(positionals[1] ?? 7);
const model = corpusFile.model(file);
const images = {
  preprocess: corpusFile.preprocess('mnist.json'),
  threads: 2,
};

const nodes = (await inspect(model)).nodes.map(({ name, shape, params }) => ({
  name,
  params,
  perRank: perRank(shape),
  bias: shape[0],
}));
const budget = nodes.reduce((sum, { params }) => sum + params, 0) / ratio;
let best;
for (const ranks of combinations(Object.entries(grid))) {
  ranks[filled] = remainingRank(ranks);
  if (ranks[filled] < 1) continue;
  const pipeline = `fixed-ranks{${Object.entries(ranks)
    .filter(([, rank]) => rank > 0)
    .map(([name, rank]) => `${name}=${rank}`)
    .join()}},${methods}`;
  const { divergence, reached } = await measure(pipeline);
  console.log(`${divergence.toExponential(3)}  ${reached.toFixed(3)}×  ${pipeline}`);
  if (!best || divergence < best.divergence) best = { divergence, pipeline };
}
console.log(`\n${best?.pipeline}`);

/** Parameters of a chain for each unit of its rank: svd of [T, S], cp-split of [T, S, kh, kw]. */
function perRank([outputs, inputs, ...kernel]) {
  return outputs + inputs + (kernel.length > 0 ? kernel.reduce((product, size) => product * size, 1) : 0);
}

/** @returns {Record<string, number>[]} */
function combinations([first, ...rest]) {
  if (!first) return [{}];
  const [name, choices] = first;
  return choices.flatMap((rank) => combinations(rest).map((ranks) => ({ [name]: rank, ...ranks })));
}

function remainingRank(ranks) {
  const used = nodes
    .filter(({ name }) => name !== filled)
    .reduce(
      (sum, { name, params, perRank: each, bias }) => sum + (ranks[name] ? ranks[name] * each + bias : params),
      0,
    );
  const { perRank: each, bias } = nodes.find(({ name }) => name === filled);
  return Math.floor((budget - used - bias) / each);
}

async function measure(pipeline) {
  const calibration = values.weights ? {} : { calibrate: corpusFile.data('mnist_train.npz'), samples: 2048, seed: 0 };
  const { report, bytes } = await compress(model, { ...images, ...calibration, pipeline, bench: false });
  const judged = { ...images, evaluate: corpusFile.data('mnist_train.npz'), samples: 4096, seed: 1 };
  const { verification } = await verify(model, bytes(), judged);
  return {
    divergence: verification.approximate?.klDivergence ?? Number.POSITIVE_INFINITY,
    reached: report.input.params / report.output.params,
  };
}
