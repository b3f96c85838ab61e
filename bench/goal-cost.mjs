/**
 * What it costs to reach a goal, with its marks: ResNet-56 for CIFAR-10, made here (see resnet56.mjs), 512 random images,
 * two threads. No comparison.
 *
 *     npm run build && node bench/goal-cost.mjs [cold] [warm] [again] [losses] [--threads 2]
 *
 * cold: --target latency=0.5x, nothing known: 90 s. warm: the same with another seed, its operators have been timed: 70 s.
 * again: the first once more, answered from the cache: 5 s, the same bytes. losses: --max-kl, in a cache of its own: 6 minutes.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './measure.mjs';
import { mebibytes, seconds } from './paired.mjs';
import { command } from './python.mjs';
import { writeResnet56 } from './random-resnet.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: 'string', default: '2' } },
});

const runs = {
  cold: { words: ['--target', 'latency=0.5x'], cache: 'cache', mark: 90 },
  warm: { words: ['--target', 'latency=0.5x', '--seed', '1'], cache: 'cache', mark: 70 },
  again: { words: ['--target', 'latency=0.5x'], cache: 'cache', mark: 5 },
  losses: { words: ['--max-kl', '0.05'], cache: 'other', mark: 360 },
};

const folder = await mkdtemp(join(tmpdir(), 'onnx-tucker-bench-'));
try {
  const { model, calibrate, preprocess } = await writeResnet56(folder);
  const chosen = positionals.length > 0 ? positionals : Object.keys(runs);
  for (const [name, { words, cache, mark }] of Object.entries(runs)) {
    if (!chosen.includes(name)) continue;
    const file = (kind) => join(folder, `${name}.${kind}`);
    const { wall, peak } = await measure(
      command([
        ...[model, file('onnx'), ...words, '--best-effort', '--calibrate', calibrate, '--preprocess', preprocess],
        ...['--samples', '512', '--cache', join(folder, cache), '--threads', values.threads],
        ...['--report', file('json'), '--quiet', '--no-config'],
      ]),
    );
    const { run, targets, input, output } = JSON.parse(readFileSync(file('json'), 'utf8'));
    const stages = Object.entries(run.seconds).map(([stage, time]) => `${stage} ${seconds(time)}`);
    const [{ wanted, reached }] = targets;
    console.log(
      `${name.padEnd(8)}${seconds(wall)}, ${mebibytes(peak)}; mark ${mark} s: ${wall <= mark ? 'met' : 'missed'}; ${wanted} wanted, ${reached} reached, MACs ${(input.macs / output.macs).toFixed(2)}×`,
    );
    console.log(`        ${stages.join(', ')}`);
    if (wall > mark) process.exitCode = 1;
    if (name === 'again' && chosen.includes('cold')) compareBytes(join(folder, 'cold.onnx'), file('onnx'));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** @param {string} a @param {string} b */
function compareBytes(a, b) {
  const same = Buffer.compare(readFileSync(a), readFileSync(b)) === 0;
  console.log(`        ${same ? 'the same bytes' : 'other bytes'}`);
  if (!same) process.exitCode = 1;
}
