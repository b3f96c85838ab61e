import type { RuntimePort } from '../runtime/index.ts';
import type { PreprocessInput } from './preprocess.ts';
import { preprocessFromMetadata } from './preprocess-from-metadata.ts';
import { syntheticObstacle, syntheticSpec } from './synthetic.ts';

/** What to calibrate on where the user gave no data. */
export type DefaultCalibration =
  | {
      readonly spec: typeof syntheticSpec;
      readonly preprocess: string | PreprocessInput;
      /** Where the preprocessing comes from: `--preprocess`, or the model's metadata. */
      readonly from: string;
    }
  | { readonly spec: undefined; readonly reason: string };

/**
 * Synthetic images, for a model with one image input whose preprocessing was given or stands in its metadata. Otherwise
 * nothing: a guess at the preprocessing would fit another network than the one in use.
 *
 * @param metadata metadata_props of the model
 */
export function defaultCalibration(
  ports: readonly RuntimePort[],
  preprocess: string | PreprocessInput | undefined,
  metadata: Iterable<readonly [key: string, value: string]>,
): DefaultCalibration {
  const obstacle = syntheticObstacle(ports);
  const [port] = ports;
  if (!port || obstacle !== undefined) return { spec: undefined, reason: obstacle ?? 'the model has no inputs' };
  if (preprocess !== undefined) return { spec: syntheticSpec, preprocess, from: '--preprocess' };
  const stated = preprocessFromMetadata(metadata, port);
  if (stated.preprocess !== undefined) return { spec: syntheticSpec, ...stated };
  const reason = stated.reason ?? 'neither --preprocess nor the metadata of the model say how images are prepared';
  return { spec: undefined, reason };
}
