import { type DefaultCalibration, defaultCalibration } from '../data/index.ts';
import { modelMetadata } from '../onnx/index.ts';
import { type CalibrationData, calibrateWith, samplesText } from './calibration.ts';
import { inputPorts } from './open-data.ts';
import type { Run } from './run.ts';

/**
 * What a run without data and without a pipeline of its own fits to: images made on the spot, for a model with one image
 * input whose preprocessing is given or stands in its metadata; otherwise its weights alone. Either is told.
 */
export async function calibrationByDefault(run: Run): Promise<CalibrationData | undefined> {
  const source = await synthetic(run);
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

/** Synthetic images with the preprocessing that is known, or why there are none. */
export async function synthetic({ options, loaded, model, resources }: Run): Promise<DefaultCalibration> {
  const ports = await inputPorts(await resources.runtime(), loaded.source);
  return defaultCalibration(ports, options.preprocess, modelMetadata(model));
}
