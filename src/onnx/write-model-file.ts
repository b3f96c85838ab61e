import { basename, dirname, join } from 'node:path';
import { diagnostics } from '../diagnostics.ts';
import type { Model, Tensor } from '../ir/index.ts';
import { type FileSystem, nodeFileSystem, OutputFiles } from '../wire/index.ts';
import { allTensors } from './all-tensors.ts';
import { copyExternal } from './copy-external.ts';
import { isWorthExternal, writeExternal } from './external-file.ts';
import { type InputFiles, refuseInput } from './refuse-input.ts';
import { isUnchanged, writeModelPieces } from './write-model.ts';

/** Protobuf ends at 2 GiB; what is not weights needs some room. */
const largestInline = 2 ** 31 - 2 ** 20;

export interface WriteFileOptions extends InputFiles {
  /** auto: outside where it was outside, and where the model would otherwise not fit into one file of 2 GiB. */
  readonly externalData?: 'auto' | 'always' | 'never';
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly system?: FileSystem;
  /** For tests: see `writeModel`. */
  readonly fromScratch?: boolean;
}

/**
 * Model → file, all or nothing, with its external data in a file beside it, written before it. That file is named by
 * its content (`model.onnx.3f2a….data`), so that it never takes the name of one in use and is the same on every run.
 *
 * @throws output-exists, output-is-input, output-is-data (exit 2); limit-exceeded (exit 8); cannot-write (exit 7); the signal's reason
 */
export async function writeModelFile(model: Model, path: string, options: WriteFileOptions = {}): Promise<void> {
  const { overwrite = false, inPlace = false, system = nodeFileSystem } = options;
  await refuseInput(path, options, system);
  const output = new OutputFiles({ system, ...(options.signal && { signal: options.signal }) });
  try {
    const pieces = await stageData(model, path, options, output);
    const staged = await output.stage(path, overwrite || inPlace);
    await staged.write(pieces);
    await output.commit();
  } finally {
    await output.abort();
  }
}

/** Stages external data, if any, and returns the model's bytes. */
async function stageData(
  model: Model,
  path: string,
  options: WriteFileOptions,
  output: OutputFiles,
): Promise<Uint8Array[]> {
  const { externalData = 'auto', overwrite = false, inPlace = false, system, fromScratch = false } = options;
  const tensors = externalTensors(model, externalData);
  const asRead = externalData === 'auto' || (tensors.length === 0 && !hasExternal(model));
  if (asRead && !fromScratch && isUnchanged(model)) {
    await copyExternal(model, path, overwrite || inPlace, output, system);
    return writeModelPieces(model);
  }
  if (tensors.length === 0) return inlinePieces(model, path, fromScratch);
  // The final name is not known before the content is; whatever bears it has this content.
  const data = (await output.stage(join(dirname(path), `${basename(path)}.data`), true)).withHash();
  const entries = await writeExternal(tensors, data);
  const location = `${basename(path)}.${data.digest().slice(0, 16)}.data`;
  data.target.path = join(dirname(path), location);
  return writeModelPieces(model, { fromScratch, placement: (tensor) => entries.get(tensor)?.(location) ?? 'inline' });
}

function inlinePieces(model: Model, path: string, fromScratch: boolean): Uint8Array[] {
  const pieces = writeModelPieces(model, { fromScratch, placement: () => 'inline' });
  const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (bytes < 2 ** 31) return pieces;
  throw diagnostics.limitExceeded(
    `the model takes ${bytes} bytes, and an ONNX file at most ${2 ** 31 - 1}`,
    { file: path },
    'Use --external-data auto',
  );
}

function externalTensors(model: Model, policy: 'auto' | 'always' | 'never'): Tensor[] {
  if (policy === 'never') return [];
  const tensors = [...allTensors(model)];
  const bytes = tensors.reduce((sum, { source }) => sum + source.byteLength, 0);
  return policy === 'always' || hasExternal(model) || bytes > largestInline ? tensors.filter(isWorthExternal) : [];
}

function hasExternal(model: Model): boolean {
  return [...allTensors(model)].some(({ source }) => source.storage === 'external');
}
