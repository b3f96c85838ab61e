import type { FrontierFigures } from '../../src/report/index.ts';
import { exampleReport } from './example-report.ts';

type Point = FrontierFigures['points'][number];

const { verification, benchmark, input } = exampleReport;

/** @param share after ÷ before of every cost @param accuracy top-1, 0 … 1 */
export function examplePoint(share: number, accuracy: number): Point {
  const difference = 100 * (accuracy - 0.7);
  return {
    wanted: `${share}x`,
    met: true,
    why: null,
    reached: {
      params: Math.round(share * input.params),
      macs: Math.round(share * (input.macs ?? 0)),
      bytes: Math.round(share * input.bytes),
      sha256: 'c'.repeat(64),
      ratio: { params: share, macs: share, size: share },
    },
    exact: verification.exact,
    agreement: verification.approximate,
    accuracy: {
      kind: 'top-1',
      output: 'y',
      samples: 1000,
      before: 0.7,
      beforeCi95: [0.67, 0.73],
      after: accuracy,
      afterCi95: [accuracy - 0.03, accuracy + 0.03],
      difference,
      ci95: [difference - 1, difference + 1],
      certainty: { before: 0.66, after: accuracy - 0.04 },
    },
    unverified: null,
    latency: benchmark && { ...benchmark, ratio: 1 / share, ci95: [0.9 / share, 1.1 / share] },
    frontier: true,
  };
}

/** Invented figures: what is tested is how they are told. */
export const exampleFrontier: FrontierFigures = {
  version: 1,
  tool: exampleReport.tool,
  run: { argv: null, threads: 1, runtime: 'none', seconds: { read: 0.2 }, cached: 0 },
  model: input,
  over: 'macs',
  pipeline: 'tucker-2,svd',
  seed: 0,
  calibration: null,
  shard: null,
  points: [
    examplePoint(0.8, 0.7),
    examplePoint(0.5, 0.68),
    { ...examplePoint(0.4, 0.5), frontier: false },
    { ...examplePoint(0.3, 0.6), wanted: '0.2x', met: false, why: 'the nearest that was found is 0.300x, "so far"' },
  ],
};
