import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../ir/index.ts';
import { allTensors, raiseIrVersion, writeModel, writeModelFile, writeModelPieces } from '../onnx/index.ts';
import type { ModelSource } from '../runtime/index.ts';
import type { LoadedModel } from './load-model.ts';
import type { EngineOptions } from './options.ts';

/** A finished model, not yet written. */
export interface OutputModel {
  readonly model: Model;
  readonly byteLength: number;
  readonly sha256: string;
  bytes(): Uint8Array;
}

/** @param changed a rewritten model of an old IR is written as IR 4, where initializers need not be inputs */
export function finishModel(model: Model, changed: boolean): OutputModel {
  if (changed) raiseIrVersion(model);
  const pieces = writeModelPieces(model);
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return {
    model,
    byteLength: pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    sha256: hash.digest('hex'),
    bytes: () => writeModel(model),
  };
}

/** @throws output-exists, output-is-input, output-is-data (2), cannot-write (7), limit-exceeded (8) */
export async function saveModel(
  model: Model,
  path: string,
  { file, model: original }: LoadedModel,
  overwrite: boolean,
  { externalData, signal }: EngineOptions,
): Promise<void> {
  await writeModelFile(model, path, {
    overwrite,
    // Whether the input may be replaced was asked where the command line was read.
    inPlace: overwrite,
    original,
    ...(file !== undefined && { input: file }),
    ...(externalData && { externalData }),
    ...(signal && { signal }),
  });
}

/** Models up to here travel to ONNX Runtime as bytes. */
const largestInMemory = 2 ** 30;

/**
 * Gives `work` the models in a form that ONNX Runtime loads: bytes, or files in a temporary folder where data are
 * external or large.
 */
export async function withSources<Result>(
  models: readonly Model[],
  work: (sources: readonly ModelSource[]) => Promise<Result>,
): Promise<Result> {
  let folder: string | undefined;
  const sources: ModelSource[] = [];
  try {
    for (const [position, model] of models.entries()) {
      if (fitsInMemory(model)) {
        sources.push(writeModel(model));
        continue;
      }
      folder ??= await mkdtemp(join(tmpdir(), 'onnx-tucker-'));
      const path = join(folder, `${position}.onnx`);
      await writeModelFile(model, path, { externalData: 'always' });
      sources.push({ path });
    }
    return await work(sources);
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

/** Whether all of it lies in memory, and is small enough to be handed on as bytes. */
export function fitsInMemory(model: Model): boolean {
  const sources = [...allTensors(model)].map(({ source }) => source);
  return (
    sources.every(({ storage }) => storage !== 'external') &&
    sources.reduce((sum, { byteLength }) => sum + byteLength, 0) <= largestInMemory
  );
}
