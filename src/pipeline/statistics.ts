import { hashFiles } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { type Blas, type Moments, outputMetric } from '../numerics/index.ts';
import {
  invalidStatistics,
  readFactors,
  readMoments,
  type StatisticsOrigin,
  statisticsKind,
  withOwnOutputs,
} from '../observe/index.ts';
import type { Effort } from '../pass/index.ts';
import type { Calibration, Evidence, Observed, OperatorPair } from '../rewrite/index.ts';
import { type CalibrationData, samplesText } from './calibration.ts';
import type { Run } from './run.ts';

/**
 * Opens what --statistics names: moments to fit to, or factors that were fitted where the data are.
 *
 * @throws unreadable-data (7) · invalid-statistics, statistics-mismatch (2)
 */
export async function openStatisticsData(run: Run, file: string): Promise<CalibrationData> {
  const factors = (await statisticsKind(file)) === 'factors';
  return run.watch.time(
    'observe',
    () => (factors ? factorsData(run, file) : momentsData(run, file)),
    ({ evidence }) =>
      factors
        ? `factors fitted elsewhere, ${file}`
        : `moments of ${samplesText(evidence)}, ${file}: symmetric fits only, which lose more than those to images`,
  );
}

async function momentsData(run: Run, file: string): Promise<CalibrationData> {
  const { origin, read } = await readMoments(file);
  checkModel(origin, run, file);
  const { blas } = run.resources.environment;
  return dataOf(run, file, 'statistics', origin, async ({ name, original }) => {
    const stored = await read(name);
    if (!stored) return { unobserved: 'the statistics do not have it' };
    const moments = await withOwnOutputs(stored, original, blas);
    if (moments) await checkGradients(moments, name, file, blas);
    return moments ?? { unobserved: 'its statistics are of another shape' };
  });
}

/** @throws invalid-statistics (2) where what is said of gradients is no Gram matrix: only trying tells */
async function checkGradients(moments: Moments, name: string, file: string, blas: Blas): Promise<void> {
  try {
    await outputMetric(moments, blas);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw invalidStatistics(file, `gradients of node "${name}" are no Gram matrix: ${cause.message}`);
  }
}

async function factorsData(run: Run, file: string): Promise<CalibrationData> {
  const { origin, read } = await readFactors(file);
  checkModel(origin, run, file);
  return dataOf(run, file, 'factors', origin, async ({ name }) => {
    const node = await read(name);
    if (!node) return { unobserved: 'the file of factors does not have it' };
    const { method, ranks, errors } = node;
    const factors = Object.fromEntries(
      [...node.factors].map(([factor, { data, dims }]) => [factor, { data: Float64Array.from(data), dims }]),
    );
    return {
      method,
      ranks,
      factors,
      bias: node.bias && Float64Array.from(node.bias.data),
      outputError: { predicted: errors.predicted ?? 0, measured: errors.heldBack },
    };
  });
}

async function dataOf(
  { options }: Run,
  file: string,
  kind: 'statistics' | 'factors',
  { samples, preprocess }: StatisticsOrigin,
  observe: (pair: OperatorPair) => Promise<Observed>,
): Promise<CalibrationData> {
  const { effort = 'normal' } = options;
  const evidence: Evidence = { kind, sha256: await hashFiles(file, [file]), samples, preprocess, effort };
  const at = (wanted: Effort): Calibration => ({
    mode: 'symmetric',
    effort: wanted,
    open: async () => ({ observe, close: async () => {} }),
  });
  return {
    calibration: at(effort),
    at,
    evidence,
    comparison: { ...at('fast'), foretold: effort },
    dataset: undefined,
    judges: async () => undefined,
  };
}

function checkModel({ model }: StatisticsOrigin, { sha256 }: Run, file: string): void {
  if (model.sha256 === sha256) return;
  throw diagnostics.data(
    'statistics-mismatch',
    'the statistics were taken of another model',
    { file },
    'take them of this one with "onnx-tucker observe"',
  );
}
