/**
 * What it costs to choose filters by data: the wide ResNet-50 of the corpus loses a quarter of every free group by
 * `criterion=obs`, what reads them is fitted anew, 512 images, two threads. Time per stage and peak memory, with its mark:
 * 120 s. No comparison.
 *
 *     npm run build && ONNX_TUCKER_CORPUS=… node bench/prune-cost.mjs [--threads 2] [--criterion obs]
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure } from './measure.mjs';
import { corpusFile } from './networks.mjs';
import { mebibytes, seconds } from './paired.mjs';
import { command } from './python.mjs';

const mark = 120;

const { values } = parseArgs({
  options: { threads: { type: 'string', default: '2' }, criterion: { type: 'string', default: 'obs' } },
});

const model = corpusFile.model('cifar10_resnet50v2s3_probe64.onnx');
if (existsSync(model)) await main();
else {
  console.error('prune-cost: no models found; ONNX_TUCKER_CORPUS names the folder that has them');
  process.exitCode = 1;
}

async function main() {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-tucker-bench-'));
  const report = join(folder, 'report.json');
  try {
    const { wall, peak } = await measure(
      command([
        ...[model, join(folder, 'out.onnx'), '--no-bench', '--samples', '512', '--threads', values.threads],
        ...['--pipeline', `fuse-batch-norm,prune-filters{ratio=0.25,criterion=${values.criterion}}`],
        ...['--calibrate', corpusFile.data('cifar10_train_lossless4645.npz')],
        ...['--preprocess', corpusFile.preprocess('cifar10_probe64.json')],
        ...['--report', report, '--quiet', '--no-config'],
      ]),
    );
    const { run, input, output, verification } = JSON.parse(readFileSync(report, 'utf8'));
    const stages = Object.entries(run.seconds).map(([stage, time]) => `${stage} ${seconds(time)}`);
    console.log(
      `${seconds(wall)}, ${mebibytes(peak)}; mark ${mark} s: ${wall <= mark ? 'met' : 'missed'}; MACs ${(input.macs / output.macs).toFixed(2)}×, KL ${verification.approximate.klDivergence.toFixed(4)}`,
    );
    console.log(stages.join(', '));
    if (wall > mark) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
