import type { Feeds, ModelSource, Runtime } from '../runtime/index.ts';
import type { TimeModel } from './calibrate-time-model.ts';
import { timeModel } from './time-copies.ts';

/**
 * Milliseconds of a whole model by the clock of the time model, so that they may be compared with its sums.
 *
 * What a model takes beyond the sum of its chains is no constant: in a ResNet-20 and a ResNet-44 it was 4 to 10 % before and
 * −7 to 23 % after factorization, on a busy machine; in a wide ResNet-50 the whole took 1.2 to 1.3 times the sum both before and
 * after, because its weights come from farther away than those of a chain alone. So ratios of sums stand for ratios
 * of whole models; differences of sums do not stand for differences.
 *
 * @returns NaN where ONNX Runtime does not take the model
 */
export async function measureModel(
  runtime: Runtime,
  model: ModelSource,
  feeds: Feeds,
  { reference, threads, device }: Pick<TimeModel, 'reference' | 'threads' | 'device'>,
): Promise<number> {
  return reference * (await timeModel(runtime, model, feeds, { threads, device }));
}
