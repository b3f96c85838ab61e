import { diagnostics } from '../diagnostics.ts';
import type { ModelSource, Runtime } from '../runtime/index.ts';
import { isUnjudged } from '../validate/index.ts';
import { openResources } from './environment.ts';
import { judgeAgreement, judgeLatency, unjudgedVerification } from './judge.ts';
import { loadModel } from './load-model.ts';
import type { BenchResult, EngineOptions, ModelInput, VerifyResult } from './options.ts';

/** Relative output error up to which two models count as the same function. */
const defaultTolerance = 1e-4;

/**
 * Compares the outputs of two models on the same inputs: labelled data with `evaluate`, random numbers otherwise.
 *
 * @throws check-failed (5) when their inputs or outputs differ or ONNX Runtime cannot run them
 */
export async function verify(
  original: ModelInput,
  other: ModelInput,
  options: EngineOptions = {},
): Promise<VerifyResult> {
  const { tolerance = defaultTolerance } = options;
  return withPair(original, other, options, async (runtime, a, b) => {
    const judged = await judgeAgreement(runtime, a, b, options);
    const { approximate } = judged;
    return {
      ok: approximate !== null && approximate.maxRelativeError <= tolerance,
      tolerance,
      verification: { ...unjudgedVerification, ...judged },
    };
  });
}

/**
 * Times two models in turns.
 *
 * @throws check-failed (5) when ONNX Runtime cannot run them
 */
export async function bench(
  original: ModelInput,
  other: ModelInput,
  options: EngineOptions = {},
): Promise<BenchResult> {
  return withPair(original, other, options, async (runtime, a, b) => {
    const latency = await judgeLatency(runtime, a, b, options);
    if (isUnjudged(latency)) throw diagnostics.checkFailed(`the models cannot be timed: ${latency.reason}`);
    return latency;
  });
}

async function withPair<Result>(
  original: ModelInput,
  other: ModelInput,
  options: EngineOptions,
  work: (runtime: Runtime, a: ModelSource, b: ModelSource) => Promise<Result>,
): Promise<Result> {
  const [a, b] = [await loadModel(original, options), await loadModel(other, options)];
  const resources = openResources(options);
  try {
    return await work(await resources.runtime(), a.source, b.source);
  } finally {
    await resources.close();
  }
}
