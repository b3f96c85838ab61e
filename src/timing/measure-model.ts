import type { Feeds, ModelSource, Runtime } from '../runtime/index.ts';
import type { TimeModel } from './calibrate-time-model.ts';
import { timeModel } from './time-copies.ts';

/**
 * Milliseconds of a whole model by the clock of the time model, so that they may be compared with its sums: what the
 * original takes beyond its linear operators, a rewritten model takes as well,
 *
 *     time(rewritten) ≈ Σ chains + (time(original) − Σ originals)
 *
 * That rest is 8 % of a ResNet-20 and some 17 % of a ResNet-44, and the same number of milliseconds in factorized copies.
 *
 * @returns NaN where ONNX Runtime does not take the model
 */
export async function measureModel(
  runtime: Runtime,
  model: ModelSource,
  feeds: Feeds,
  { reference, threads }: Pick<TimeModel, 'reference' | 'threads'>,
): Promise<number> {
  return reference * (await timeModel(runtime, model, feeds, { threads }));
}
