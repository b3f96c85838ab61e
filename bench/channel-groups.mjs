/**
 * How long it takes to find the channel groups of models, and which share of their convolutions' weights can go. The
 * mark: 200 ms for a detector of 250 nodes, shapes included.
 *
 * Usage: npm run build && ONNX_TUCKER_CORPUS=… node bench/channel-groups.mjs [NAME …]
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { channelGroups } from '../dist/src/channels/index.js';
import { inferShapes, readModelFile } from '../dist/src/onnx/index.js';
import { freezeInputs } from '../dist/src/pipeline/prepare.js';

const corpus = process.env.ONNX_TUCKER_CORPUS ?? '../shared/corpus';
const wanted = process.argv.slice(2);
const turns = 9;

/** Median and largest of the turns; the first, with a cold compiler, is printed on its own. */
function times(task) {
  const taken = Array.from({ length: turns }, () => {
    const start = performance.now();
    task();
    return performance.now() - start;
  });
  const [first, ...others] = taken;
  others.sort((a, b) => a - b);
  return { first, median: others[Math.floor(others.length / 2)], largest: others.at(-1) };
}

console.log('model | nodes | first ms | median ms | largest ms | groups | free | conv weights free');
for (const folder of ['models', 'zoo'])
  for (const file of readdirSync(join(corpus, folder)).sort()) {
    if (!file.endsWith('.onnx') || (wanted.length > 0 && !wanted.some((name) => file.includes(name)))) continue;
    const read = await readModelFile(join(corpus, folder, file));
    const model = read.irVersion >= 4 ? freezeInputs(read) : read;
    const analyse = () => channelGroups(model, inferShapes(model));
    const { groups } = analyse();
    const { first, median, largest } = times(analyse);
    const weights = (list) => list.reduce((sum, { convParams }) => sum + convParams, 0);
    const free = groups.filter(({ frozen }) => !frozen);
    const share = weights(groups) > 0 ? `${((100 * weights(free)) / weights(groups)).toFixed(1)} %` : '–';
    const numbers = [first, median, largest].map((time) => time.toFixed(0));
    console.log([file, model.graph.nodes.length, ...numbers, groups.length, free.length, share].join(' | '));
  }
