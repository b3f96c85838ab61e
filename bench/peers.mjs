/**
 * What others make of ResNet-20 at the ranks of `ratio-ranks`, without data and without retraining. Python writes a model
 * whose kernels are the products of its factors; accuracy is measured as for ours.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { plan } from '../dist/src/index.js';
import { benchPython, oneThread, root, venvPython } from './python.mjs';

/**
 * @typedef {object} Task
 * @property {string} model ResNet-20, batch-norms folded
 * @property {string} calibrate training images, for AIMET's greedy choice
 * @property {readonly import('./networks.mjs').TestSet[]} tests
 * @property {number} ratio share of each convolution's MACs to leave
 */

/** Method → what finds its ranks by counting, without a long fit. */
const counting = { 'tucker-2': 'tucker-2', 'spatial-svd': 'spatial-svd', 'cp-split': 'cp-split{sweeps=1,starts=1}' };

/**
 * Rows by title; a peer that cannot be installed has none, and says so.
 *
 * @param {import('./calibrated.mjs').Judge} judge
 * @param {ReturnType<typeof import('./calibrated.mjs').openResults>} results
 * @param {Task} task
 */
export async function measurePeers(judge, results, task) {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
  const output = join(folder, 'out.onnx');
  try {
    const tensorly = {};
    for (const [method, counted] of Object.entries(counting))
      tensorly[method] = [
        await results.measured(`tensorly ${method}`, async () => {
          await runTensorly(task, method, counted, join(folder, 'ranks.json'), output);
          return judge.accuracy(task.model, { path: output }, task.tests);
        }),
      ];
    const rows = [{ title: 'tensorly, same ranks', accuracies: tensorly }];
    for (const mode of ['uniform', 'greedy']) {
      const result = await aimetRow(judge, results, task, mode, output);
      if (!result) break;
      const title = `AIMET, ${mode}, ${(1 / result.macs).toFixed(2)}×`;
      rows.push({ title, accuracies: { 'spatial-svd': [result.accuracy] } });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Task} task */
async function runTensorly({ model, ratio }, method, counted, ranksFile, output) {
  const { nodes } = await plan(model, { pipeline: `fuse-batch-norm,ratio-ranks{macs=${ratio}},${counted}` });
  const ranks = nodes.filter((node) => node.method !== null).map(({ name, ranks }) => [name, ranks]);
  writeFileSync(ranksFile, JSON.stringify(Object.fromEntries(ranks)));
  runPython(benchPython(), 'tensorly_peers.py', [model, ranksFile, method], output);
}

async function aimetRow(judge, results, { model, calibrate, tests, ratio }, mode, output) {
  try {
    return await results.measured(`AIMET ${mode}`, async () => {
      const options = [model, calibrate, mode, String(ratio)];
      const { macs } = JSON.parse(runPython(aimetPython(), 'aimet_spatial_svd.py', options, output));
      return { macs, accuracy: await judge.accuracy(model, { path: output }, tests) };
    });
  } catch (error) {
    console.error(`AIMET: not measured: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return undefined;
  }
}

function aimetPython() {
  const given = process.env['ONNX_TUCKER_AIMET_PYTHON'];
  return given !== undefined && existsSync(given) ? given : venvPython('aimet-venv', 'requirements-aimet.txt');
}

/**
 * Runs in the folder of its output: AIMET leaves files where it is started.
 *
 * @param {string} python
 * @param {string} script
 * @param {readonly string[]} options
 * @param {string} output its last option
 */
function runPython(python, script, options, output) {
  return execFileSync(python, ['-W', 'ignore', join(root, 'bench', script), ...options, output], {
    cwd: dirname(output),
    encoding: 'utf8',
    env: { ...process.env, ...oneThread },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
