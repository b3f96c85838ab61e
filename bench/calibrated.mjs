/**
 * What the benches of calibrated fits share: a run of the library without timing, its accuracy on several test sets, means
 * over seeds, and a file that keeps results, so that hours of runs can be done in pieces.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openDataset } from '../dist/src/data/index.js';
import { compress } from '../dist/src/index.js';
import { openRuntime } from '../dist/src/runtime/index.js';
import { measureAccuracy } from '../dist/src/validate/index.js';

/**
 * @typedef {import('../src/report/report.ts').Report} Report
 * @typedef {import('./networks.mjs').TestSet} TestSet
 * @typedef {import('../src/runtime/types.ts').RuntimeSession} RuntimeSession
 * @typedef {import('../src/runtime/types.ts').ModelSource} ModelSource
 * @typedef {import('../src/runtime/types.ts').Feeds} Feeds
 * @typedef {NonNullable<Report['verification']['metric']>} Metric
 *
 * @typedef {object} Outcome one run, as tables and result files need it
 * @property {number} macs before ÷ after, whole model
 * @property {number} params before ÷ after, whole model
 * @property {Record<string, Metric>} accuracy by test set
 * @property {Record<string, number>} seconds wall time per stage
 * @property {readonly NodeOutcome[]} nodes
 *
 * @typedef {Pick<Report['nodes'][number], 'name' | 'method' | 'ranks' | 'weightError'> & Record<string, unknown>} NodeOutcome
 */

/**
 * Compresses, and measures the accuracy on each test set apart from the run, so that `samples` and `seed` concern the
 * calibration alone.
 *
 * @param {Judge} judge
 * @param {string} model
 * @param {import('../src/pipeline/options.ts').EngineOptions} options
 * @param {readonly TestSet[]} tests
 * @returns {Promise<Outcome>}
 */
export async function compressAndMeasure(judge, model, options, tests) {
  const { report, bytes } = await compress(model, { ...options, bench: false });
  const { input, output, run, nodes } = report;
  return {
    macs: (input.macs ?? Number.NaN) / (output.macs ?? Number.NaN),
    params: input.params / output.params,
    accuracy: await judge.accuracy(model, bytes(), tests),
    seconds: run.seconds,
    nodes: nodes.filter(({ method }) => method !== null).map(shortNode),
  };
}

/**
 * Measures accuracies. What the original answers is computed once for each test set and remembered.
 *
 * @typedef {Awaited<ReturnType<typeof openJudge>>} Judge
 * @param {{ threads?: number }} [options]
 */
export async function openJudge(options = {}) {
  const runtime = await openRuntime(options);
  /** @type {Map<string, RuntimeSession>} */
  const originals = new Map();
  return {
    /**
     * @param {string} model
     * @param {ModelSource} other
     * @param {readonly TestSet[]} tests
     */
    async accuracy(model, other, tests) {
      /** @type {Record<string, Metric>} */
      const accuracy = {};
      const after = await runtime.load(other);
      for (const { name, images, preprocess } of tests) {
        const key = `${model} ${images}`;
        const before = originals.get(key) ?? remembering(await runtime.load({ path: model }));
        originals.set(key, before);
        const dataset = await openDataset(images, { ports: after.inputs, preprocess });
        const { metric } = await measureAccuracy({ ...before, run: before.replay() }, after, dataset);
        if (!metric) throw new Error(`${images} has no labels`);
        accuracy[name] = metric;
      }
      await after.release();
      return accuracy;
    },
    close: () => runtime.close(),
  };
}

/** A session that is always asked the same batches in the same order. @param {RuntimeSession} session */
function remembering(session) {
  /** @type {Feeds[]} */
  const answers = [];
  return {
    ...session,
    replay() {
      let at = 0;
      /** @param {Feeds} feeds */
      return async (feeds) => {
        answers[at] ??= await session.run(feeds);
        return answers[at++];
      };
    },
  };
}

/** The predicted and the measured output error appear once a fit is calibrated. */
function shortNode({ name, method, ranks, weightError, ...node }) {
  const { predictedError, measuredError } = node;
  return { name, method, ranks, weightError, predictedError, measuredError };
}

/**
 * Results by key, kept in a JSON file where one is named: what stands there is not measured again. Remove the file when
 * the code has changed.
 *
 * @template Result
 * @param {string | undefined} file
 */
export function openResults(file) {
  /** @type {Record<string, Result>} */
  const results = file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return {
    /** @param {string} key */
    get: (key) => results[key],
    /** @param {string} key @param {() => Promise<Result>} measureIt @returns {Promise<Result>} */
    async measured(key, measureIt) {
      const known = results[key];
      if (known !== undefined) return known;
      const start = performance.now();
      const result = await measureIt();
      console.error(`${key}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
      results[key] = result;
      if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, undefined, 1)}\n`);
      return result;
    },
  };
}

/** @param {readonly number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Percentage points with a real minus sign: `−0.35`. @param {number} value @param {number} [digits] */
export function points(value, digits = 1) {
  return value.toFixed(digits).replace('-', '−');
}

/** `0,1,2` → [0, 1, 2]. @param {string} text */
export function numbers(text) {
  return text.split(',').map(Number);
}

/** What the figures of a table depend on: runtime, instruction set. @param {string} model */
export async function circumstances(model) {
  const { report } = await compress(model, { pipeline: 'none', bench: false });
  return report.run.runtime;
}
