import { createHash } from 'node:crypto';
import { inFile } from '../diagnostics.ts';
import { type Model, verifyModel } from '../ir/index.ts';
import { allTensors, checkOperators, originalBytes, readModel, readModelFile } from '../onnx/index.ts';
import type { ModelSource } from '../runtime/index.ts';
import { checkInputShapes } from './check-input-shapes.ts';
import type { EngineOptions, ModelInput } from './options.ts';

export interface LoadedModel {
  readonly model: Model;
  readonly file: string | undefined;
  /** Size of the model file, external data not counted. */
  readonly byteLength: number;
  /** For ONNX Runtime. */
  readonly source: ModelSource;
}

/**
 * Reads and checks a model.
 *
 * @throws usage (2) for shapes of inputs that it does not have, not-a-model and other faults of the model (3), unsafe external data (4), cannot-read (7), limit-exceeded (8)
 */
export async function loadModel(
  input: ModelInput,
  { externalRoots, inputShapes }: EngineOptions,
): Promise<LoadedModel> {
  const file = typeof input === 'string' ? input : undefined;
  const model =
    typeof input === 'string' ? await readModelFile(input, externalRoots ? { externalRoots } : {}) : readModel(input);
  try {
    verifyModel(model);
    checkOperators(model);
  } catch (cause) {
    throw inFile(cause, file);
  }
  checkInputShapes(model, inputShapes);
  const bytes = originalBytes(model) ?? new Uint8Array();
  return { model, file, byteLength: bytes.byteLength, source: file === undefined ? bytes : { path: file } };
}

/** Hexadecimal SHA-256 of the model file and, behind it, of its external tensors: what a plan's numbers rest on. */
export function hashModel(model: Model): string {
  const hash = createHash('sha256').update(originalBytes(model) ?? new Uint8Array());
  for (const tensor of allTensors(model)) if (tensor.source.storage === 'external') hash.update(tensor.bytes());
  return hash.digest('hex');
}
