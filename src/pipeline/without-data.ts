import { type DefaultCalibration, defaultCalibration } from '../data/index.ts';
import type { Model } from '../ir/index.ts';
import { modelMetadata } from '../onnx/index.ts';
import type { RuntimePort } from '../runtime/index.ts';
import { type CalibrationData, calibrateWith, samplesText } from './calibration.ts';
import type { Run } from './run.ts';

/**
 * What a run without data and without a pipeline of its own fits to: images made on the spot, for a model with one image
 * input whose preprocessing is given or stands in its metadata; otherwise its weights alone. Either is told.
 */
export async function calibrationByDefault(run: Run): Promise<CalibrationData | undefined> {
  const source = synthetic(run);
  if (source.spec !== undefined)
    return calibrateWith(
      run,
      source,
      ({ evidence }) =>
        `${samplesText(evidence)}, synthetic, prepared by ${source.from}; real ones (--calibrate) keep more`,
    );
  const text = `no data, fits rest on the weights alone: ${source.reason}; --calibrate keeps far more accuracy`;
  await run.watch.time('observe', () => text, String);
  return undefined;
}

/** Synthetic images with the preprocessing that is known, or why there are none. ONNX Runtime is not asked for this. */
export function synthetic({ options, model }: Run): DefaultCalibration {
  return defaultCalibration(portsOf(model), options.preprocess, modelMetadata(model));
}

function portsOf({ graph }: Model): readonly RuntimePort[] {
  return graph.inputs
    .filter((value) => !value.isInitializer)
    .map(({ name, dtype, shape }) => ({ name, dtype, shape: shape?.map((size) => size ?? '') }));
}
