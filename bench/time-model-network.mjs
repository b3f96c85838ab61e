import { readFileSync } from 'node:fs';
import channelSvd from '../dist/passes/channel-svd/index.js';
import cpSplit from '../dist/passes/cp-split/index.js';
import spatialSvd from '../dist/passes/spatial-svd/index.js';
import svd from '../dist/passes/svd/index.js';
import tucker2 from '../dist/passes/tucker-2/index.js';
import { openCache } from '../dist/src/cache/index.js';
import { inferShapes, readModel } from '../dist/src/onnx/index.js';
import { isSkip, linearOperator } from '../dist/src/pass/index.js';
import { lowerChain } from '../dist/src/rewrite/lowering.js';
import { calibrateTimeModel, measureModel, timedOperator } from '../dist/src/timing/index.js';

const passes = [tucker2, cpSplit, spatialSvd, channelSvd, svd];
const rankUnit = 8;

/**
 * Sums of node times, milliseconds: a network and a factorized copy of it, by a model that is calibrated on candidates of
 * its operators with ranks in multiples of 8; and times of both as a whole.
 *
 * @param {import('../dist/src/runtime/index.js').Runtime} runtime
 * @param {string} model path of the network
 * @param {Uint8Array} copy the factorized one
 * @param {number} threads
 */
export async function networkTimes(runtime, model, copy, threads) {
  const operators = linearOperators(readFileSync(model));
  const originals = operators.map((operator) => [timedOperator(operator)]);
  const chains = [...originals, ...operators.flatMap(candidates)];
  const cache = openCache(undefined);
  const [cold, first] = await timed(() => calibrateTimeModel(runtime, chains, { threads, cache }));
  const [warm, times] = await timed(() => calibrateTimeModel(runtime, chains, { threads, cache }));
  const total = (list) => list.reduce((sum, chain) => sum + times.milliseconds(chain), 0);
  const [input] = readModel(readFileSync(model)).graph.inputs;
  const dims = input.type.shape.map((size) => (typeof size === 'number' ? size : 1));
  const data = new Float32Array(dims.reduce((product, size) => product * size, 1)).fill(0.5);
  const feeds = { [input.name]: { dtype: 'float32', dims, data } };
  return {
    whole: await measureModel(runtime, { path: model }, feeds, times),
    wholeCopy: await measureModel(runtime, copy, feeds, times),
    before: total(originals),
    after: total(writtenChains(copy)),
    candidates: chains.length,
    measured: first.measured,
    cold,
    warm,
    rms: times.rms,
    block: times.block,
  };
}

async function timed(run) {
  const start = performance.now();
  const result = await run();
  return [(performance.now() - start) / 1e3, result];
}

/** Of the main graph, in order. */
function linearOperators(bytes) {
  const model = readModel(bytes);
  const shapes = inferShapes(model);
  return model.graph.nodes
    .map((node) => linearOperator(node, { model, shapes }))
    .filter((operator) => operator && !isSkip(operator));
}

/** All methods, each at the same share of all its ranks, for every share that gives new multiples of 8. */
function candidates(operator) {
  return passes.flatMap((pass) => {
    const decomposition = pass.match(operator, { options: pass.options.parse({}) });
    if (!decomposition || isSkip(decomposition)) return [];
    const { axes } = decomposition;
    const most = Math.max(
      ...axes.map(({ max }) => Math.min(max, operator.groups * Math.max(operator.inputs, operator.outputs))),
    );
    return Array.from({ length: Math.floor(most / rankUnit) }, (_, i) => {
      const share = ((i + 1) * rankUnit) / most;
      const ranks = axes.map(({ name, max }) => [
        name,
        Math.min(max, Math.max(rankUnit, Math.round((share * Math.min(max, most)) / rankUnit) * rankUnit)),
      ]);
      return lowerChain(pass.name, operator, decomposition, Object.fromEntries(ranks));
    });
  });
}

/** The operators of a written model, those of one replacement together: they are named `node/method/factor`. */
function writtenChains(bytes) {
  const chains = new Map();
  for (const operator of linearOperators(bytes)) {
    const { name } = operator.node;
    const replaced = passes.map((pass) => name.lastIndexOf(`/${pass.name}/`)).find((at) => at >= 0);
    const key = replaced === undefined ? name || operator.output.name : name.slice(0, replaced);
    chains.set(key, [...(chains.get(key) ?? []), timedOperator(operator)]);
  }
  return [...chains.values()];
}
