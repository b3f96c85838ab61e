import { readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { readModel } from '../../src/onnx/index.ts';
import { compress } from '../../src/pipeline/index.ts';
import { corpusModels, corpusTest, modelName } from '../support/corpus.ts';
import { slowTest } from '../support/slow.ts';

const methods = [
  'svd',
  'channel-svd',
  'spatial-svd',
  'tucker-2',
  'cp-split{sweeps=1,starts=1}',
  'cp-split{form=four,sweeps=1,starts=1}',
  'tensor-train',
];
const wanted = process.env['ONNX_TUCKER_ONLY'];

/** Names, types and shapes of what a caller sees. */
function signature(bytes: Uint8Array) {
  const { graph } = readModel(bytes);
  const inputs = graph.inputs.filter(({ isInitializer }) => !isInitializer);
  return [inputs, graph.outputs].map((values) => values.map(({ name, dtype, shape }) => ({ name, dtype, shape })));
}

corpusTest('there are models to look at', () => {
  expect(corpusModels().length).toBeGreaterThan(0);
});

describe('forced at half the parameters', () => {
  for (const path of corpusModels().filter((file) => !wanted || file.includes(wanted))) {
    for (const method of methods) {
      slowTest(
        `${modelName(path)} by ${method} stays exact and keeps its interface, or says why not`,
        async () => {
          const pipeline = `fuse-batch-norm,ratio-ranks{params=0.5,ends=fit},${method},eliminate-dead-nodes`;
          const started = performance.now();
          const { report, bytes } = await compress(path, {
            pipeline,
            bench: false,
            requireGain: 'none',
            freezeInputs: true,
          });
          const { exact, unverified } = report.verification;
          const rewritten = report.nodes.filter(({ skipped }) => skipped === null);
          const codes = report.nodes.flatMap(({ skipped }) => (skipped ? [skipped.code] : []));
          if (process.env['ONNX_TUCKER_PRINT'])
            console.log(
              modelName(path),
              method,
              `${((performance.now() - started) / 1000).toFixed(1)} s`,
              rewritten.length,
              report.nodes.length,
              exact?.maxRelativeError,
              exact?.tolerance,
              unverified,
              [...new Set(codes)].join(),
            );
          expect(codes.filter((code) => ['check-failed', 'runtime-crashed', 'pass-failed'].includes(code))).toEqual([]);
          expect(report.nodes.every(({ method: used, skipped }) => (used === null) === (skipped !== null))).toBe(true);
          expect(signature(bytes())).toEqual(signature(new Uint8Array(readFileSync(path))));
          if (rewritten.length > 0) expect(exact?.ok ?? unverified).toBeTruthy();
        },
        600_000,
      );
    }
  }
});
