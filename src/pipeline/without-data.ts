import { type DefaultCalibration, defaultCalibration } from '../data/index.ts';
import { DiagnosticError } from '../diagnostics.ts';
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
  const reason = source.spec === undefined ? source.reason : undefined;
  if (source.spec !== undefined) {
    const told = ({ evidence }: CalibrationData) =>
      `${samplesText(evidence)}, synthetic, prepared by ${source.from}; real ones (--calibrate) keep more`;
    try {
      return await calibrateWith(run, source, told);
    } catch (cause) {
      // Nobody asked for them: a model that ONNX Runtime does not load has none.
      if (!(cause instanceof DiagnosticError) || cause.diagnostic.code !== 'runtime-rejected') throw cause;
    }
  }
  const text = `no data, fits rest on the weights alone: ${reason ?? 'ONNX Runtime does not load the model'}; --calibrate keeps far more accuracy`;
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
