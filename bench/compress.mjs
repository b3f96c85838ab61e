import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './python.mjs';

/**
 * @typedef {import('../src/report/report.ts').Report} Report
 * @typedef {import('./networks.mjs').Network} Network
 */

/**
 * Runs the built command on a network, throws the output away and returns the report. One thread.
 *
 * @param {Network} network
 * @param {string} pipeline
 * @returns {Report}
 */
export function compress({ model, data }, pipeline) {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
  try {
    const report = join(folder, 'report.json');
    const options = ['--pipeline', pipeline, ...data, '--report', report, '--threads', '1', '--quiet', '--no-config'];
    const [program = '', ...words] = command([model, join(folder, 'small.onnx'), ...options]);
    execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One line of a Markdown table. @param {readonly string[]} cells */
export function tableRow(cells) {
  return `| ${cells.join(' | ')} |`;
}

/** The first two lines of a Markdown table. @param {readonly string[]} titles */
export function tableHead(titles) {
  return `${tableRow(titles)}\n|${titles.map(() => '---|').join('')}`;
}

/** `2.01×`, before / after. @param {number | null} before @param {number | null} after */
export function ratio(before, after) {
  return before === null || after === null ? '–' : `${(before / after).toFixed(2)}×`;
}

/** `0.88× (0.75–1.06)`: before / after with its 95 % interval. @param {Report['benchmark']} benchmark */
export function latency(benchmark) {
  if (!benchmark) return '–';
  const [low, high] = benchmark.ci95.map((bound) => bound.toFixed(2));
  return `${benchmark.ratio.toFixed(2)}× (${low}–${high})`;
}

/** `92.0 → 10.6 %`. @param {Report['verification']['metric']} metric */
export function topOne(metric) {
  return metric ? `${(100 * metric.before).toFixed(1)} → ${(100 * metric.after).toFixed(1)} %` : '–';
}

/** What the figures depend on. @param {Report} report */
export function circumstances({ benchmark, run }) {
  return `${benchmark?.machine ?? run.runtime}, ${run.threads} thread`;
}
