/**
 * The main job on a trained network: handwritten digits, factorized, checked and measured. `npm run demo`.
 *
 * The command prints the tables; what follows here is the same run read from its report, as a script would.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const digits = 'examples/digits';
const pipeline = 'fuse-batch-norm,energy-ranks{keep=0.99},tucker-2,svd';

const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-demo-'));
try {
  const report = compress(join(folder, 'small.onnx'), join(folder, 'report.json'));
  summarize(report);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} output @param {string} reportFile */
function compress(output, reportFile) {
  const options = [
    ...[join(digits, 'digits.onnx'), output, '--pipeline', pipeline],
    ...['--evaluate', join(digits, 'digits-test.npz'), '--preprocess', join(digits, 'preprocess.json')],
    ...['--report', reportFile],
  ];
  console.log(`$ onnx-tucker ${options.map(quoted).join(' ')}\n`);
  const command = [join(root, 'dist/src/cli/main.js'), ...options];
  const { status, error } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(readFileSync(reportFile, 'utf8'));
}

/** @param {string} word */
function quoted(word) {
  return /^[\w./=-]+$/.test(word) ? word : `'${word}'`;
}

/** @param {import('../src/report/report.ts').Report} report */
function summarize({ input, output, verification, benchmark }) {
  const { metric } = verification;
  if (!metric || !benchmark || input.macs === null || output.macs === null) throw new Error('the report is incomplete');
  console.log(`
accuracy    ${percent(metric.before)} → ${percent(metric.after)} on ${metric.samples} digits of writers not trained on
parameters  ${input.params} → ${output.params} (${ratio(input.params, output.params)})
MACs        ${input.macs} → ${output.macs} (${ratio(input.macs, output.macs)})
file        ${input.bytes} → ${output.bytes} bytes (${ratio(input.bytes, output.bytes)})
latency     ${benchmark.before.p50.toFixed(3)} → ${benchmark.after.p50.toFixed(3)} ms (${benchmark.ratio.toFixed(2)}×)`);
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** @param {number} before @param {number} after */
function ratio(before, after) {
  return `${(before / after).toFixed(2)}×`;
}
