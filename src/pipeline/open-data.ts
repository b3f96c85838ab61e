import { type Dataset, type DatasetOptions, openDataset } from '../data/index.ts';
import { DiagnosticError } from '../diagnostics.ts';
import type { ModelSource, Runtime, RuntimePort } from '../runtime/index.ts';
import type { EngineOptions } from './options.ts';

/** Which samples of a data set, and what is done to them where that is not the run's --preprocess. */
export type Selection = Pick<DatasetOptions, 'samples' | 'seed' | 'besides' | 'preprocess' | 'purpose'>;

/** Opens data for a model's inputs. @throws what openDataset throws; runtime-rejected (5) */
export async function openData(
  runtime: Runtime,
  model: ModelSource,
  spec: string,
  selection: Selection,
  { preprocess, inputKey, labelKey, onEvent }: EngineOptions,
): Promise<Dataset> {
  return openDataset(spec, {
    ports: await inputPorts(runtime, model),
    ...(preprocess !== undefined && { preprocess }),
    ...selection,
    ...(inputKey !== undefined && { inputKey }),
    ...(labelKey !== undefined && { labelKey }),
    onWarning: (diagnostic) => onEvent?.({ kind: 'warning', diagnostic }),
  });
}

/** Samples that calibration does not use, to judge by; undefined where it uses all. They have been warned of already. */
export async function openOthers(
  runtime: Runtime,
  model: ModelSource,
  spec: string,
  selection: Selection & Required<Pick<Selection, 'besides'>>,
  options: EngineOptions,
): Promise<Dataset | undefined> {
  try {
    return await openData(runtime, model, spec, selection, { ...options, onEvent: () => {} });
  } catch (cause) {
    if (cause instanceof DiagnosticError && cause.diagnostic.code === 'no-data-found') return undefined;
    throw cause;
  }
}

async function inputPorts(runtime: Runtime, model: ModelSource): Promise<readonly RuntimePort[]> {
  const session = await runtime.load(model);
  try {
    return session.inputs;
  } finally {
    await session.release();
  }
}
