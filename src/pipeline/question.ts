import type { Json } from '../cache/index.ts';
import type { Dataset } from '../data/index.ts';
import type { Evidence } from '../rewrite/index.ts';
import { deviceName, runtimeInfo } from '../runtime/index.ts';
import { weightsAlone } from './evidence.ts';
import type { Run } from './run.ts';
import { tool } from './tool.ts';

/**
 * All that the answers of a run depend on apart from what is wanted, as a part of cache keys: model, passes, data, what the
 * user allows, and the machine, since ranks may follow what it measures.
 *
 * @returns undefined where passes come from plug-ins: nobody knows when their code changes
 */
export function questionOf(run: Run, pipeline: string, evidence: Evidence = weightsAlone): Json | undefined {
  const { options, sha256, policy, resources } = run;
  if ((options.plugins ?? []).length > 0) return undefined;
  const { include = [], exclude = [], freezeInputs = false, inputShapes = {}, threads = 1, device = 'cpu' } = options;
  const { inputKey = null, labelKey = null } = options;
  const { requireGain, ranks } = policy;
  return {
    tool: tool.version,
    model: sha256,
    pipeline,
    evidence,
    seed: resources.environment.seed,
    allowed: { include, exclude, requireGain, ranks, freezeInputs },
    inputShapes,
    keys: { inputKey, labelKey },
    machine: { ...runtimeInfo(), threads, device: deviceName(device) },
  };
}

/** Samples that something is judged on, as a part of cache keys. */
export async function identityOf(dataset: Dataset): Promise<Json> {
  const { size, preprocessText: preprocess, labels } = dataset;
  return { sha256: await dataset.sha256(), size, preprocess, labelled: labels !== undefined };
}
