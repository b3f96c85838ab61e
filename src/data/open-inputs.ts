import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Diagnostic, diagnostics, didYouMean } from '../diagnostics.ts';
import type { RuntimePort } from '../runtime/index.ts';
import { arraySamples, rawSamples } from './array-samples.ts';
import { type ByteSource, fileBytes, unreadable } from './byte-source.ts';
import { classFolders } from './class-folders.ts';
import { decodeImages } from './image-files.ts';
import { readLabels } from './labels.ts';
import { type FileKind, type FileList, listFiles } from './list-files.ts';
import { openNpy } from './npy.ts';
import { openNpz } from './npz.ts';
import { portText, sampleAxes } from './port-shape.ts';
import { commonSize } from './sample-counts.ts';
import { concatenated, type SampleSource } from './samples.ts';

export interface KeyOptions {
  /** Array of the images in an .npz; `x` by default. */
  readonly inputKey?: string;
  /** Array of the labels in an .npz; `y` by default, and then it may be missing. */
  readonly labelKey?: string;
}

export interface InputSource {
  readonly port: RuntimePort;
  readonly source: SampleSource;
}

/** Samples for each input of the model, as stored. */
export interface OpenedInputs {
  readonly size: number;
  readonly inputs: readonly InputSource[];
  readonly labels: Int32Array | undefined;
  readonly warnings: readonly Diagnostic[];
  /** Stands for the samples where they lie in no file. */
  readonly sha256?: string;
}

/** Finds the samples that a data specification names, and which input each is for. */
export async function openInputs(spec: string, ports: readonly RuntimePort[], keys: KeyOptions): Promise<OpenedInputs> {
  const list = await listFiles(spec);
  const paths = list.files.map((file) => path.join(list.root, file));
  if (list.kind === 'npz') return openArchive(paths.join(), ports, keys);
  refuseKeys(spec, keys);
  if (ports.length > 1 && list.kind !== 'image') return openNamed(spec, list, ports);
  const port = onlyPort(ports, spec);
  if (list.kind === 'image') return openImages(spec, list, paths, port);
  const source = await openFiles(list.kind, paths, port);
  return { size: source.size, inputs: [{ port, source }], labels: undefined, warnings: [] };
}

/** Several inputs, each with files of its own below the folder: `NAME.npy`, or everything in a folder `NAME`. */
async function openNamed(spec: string, list: FileList, ports: readonly RuntimePort[]): Promise<OpenedInputs> {
  const inputs: InputSource[] = [];
  for (const port of ports) {
    const own = list.files.filter((file) => stem(file) === port.name);
    const files = own.length > 0 ? own : list.files.filter((file) => file.startsWith(`${port.name}/`));
    if (files.length === 0) throw missingFile(spec, list, ports, port);
    const paths = files.map((file) => path.join(list.root, file));
    inputs.push({ port, source: await openFiles(list.kind, paths, port) });
  }
  return { size: commonSize(inputs, spec), inputs, labels: undefined, warnings: [] };
}

async function openFiles(kind: FileKind, paths: readonly string[], port: RuntimePort): Promise<SampleSource> {
  return concatenated(await Promise.all(paths.map((file) => (kind === 'npy' ? openArray(file) : openRaw(file, port)))));
}

function stem(file: string): string {
  return file.slice(0, file.length - path.extname(file).length);
}

/** @throws usage (2) names of arrays for what has none */
export function refuseKeys(spec: string, keys: KeyOptions): void {
  for (const [option, value] of [
    ['--input-key', keys.inputKey],
    ['--label-key', keys.labelKey],
  ] as const) {
    if (value !== undefined) throw diagnostics.usage(`${option} is for .npz archives, and ${spec} is none`);
  }
}

function openImages(spec: string, list: FileList, paths: readonly string[], port: RuntimePort): OpenedInputs {
  const folders = classFolders(list.files, spec);
  const filesOf = (indices: readonly number[]) => indices.flatMap((index) => paths[index] ?? []);
  const source: SampleSource = { size: paths.length, read: (indices) => decodeImages(filesOf(indices)), filesOf };
  const warnings = folders?.warning ? [folders.warning] : [];
  return { size: source.size, inputs: [{ port, source }], labels: folders?.labels, warnings };
}

async function openArray(file: string): Promise<SampleSource> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return arraySamples(await openNpy(fileBytes(file, 0, size)), file);
}

async function openRaw(file: string, port: RuntimePort): Promise<SampleSource> {
  const axes = sampleAxes(port)?.filter((size) => size !== null);
  if (!axes || !port.shape || axes.length !== port.shape.length - 1) {
    const message = `a file of bare elements needs an input of fixed shape, and ${portText(port)} is not`;
    throw diagnostics.data(
      'input-shape-mismatch',
      message,
      { file },
      'bring the data as .npy, which carries its shape',
    );
  }
  return rawSamples(file, port.dtype ?? 'float32', axes);
}

async function openArchive(file: string, ports: readonly RuntimePort[], keys: KeyOptions): Promise<OpenedInputs> {
  const arrays = await openNpz(file);
  const names = [...arrays.keys()];
  const inputs: InputSource[] = [];
  for (const port of ports) {
    const key = ports.length > 1 ? port.name : (keys.inputKey ?? (arrays.has('x') ? 'x' : port.name));
    const array = arrays.get(key);
    if (!array)
      throw missingArray(file, key, names, ports.length > 1 ? 'several inputs: one array named like each' : undefined);
    inputs.push({ port, source: arraySamples(await openNpy(array), file) });
  }
  const size = commonSize(inputs, file);
  return { size, inputs, labels: await archiveLabels(file, arrays, keys.labelKey, size), warnings: [] };
}

async function archiveLabels(
  file: string,
  arrays: ReadonlyMap<string, ByteSource>,
  key: string | undefined,
  size: number,
) {
  const array = arrays.get(key ?? 'y');
  if (array) return readLabels(await openNpy(array), size);
  if (key !== undefined) throw missingArray(file, key, [...arrays.keys()]);
  return undefined;
}

function missingArray(file: string, key: string, names: readonly string[], why?: string) {
  const found = `it has ${names.join(', ') || 'no arrays'}`;
  const hint = [why, didYouMean(key, names)].filter(Boolean).join('; ');
  return diagnostics.data('missing-array', `there is no array "${key}": ${found}`, { file }, hint);
}

/** One file among several inputs was meant for all of them; a folder lacks one. */
function missingFile(spec: string, list: FileList, ports: readonly RuntimePort[], port: RuntimePort) {
  if (list.files.length === 1) return severalInputs(ports, spec);
  const message = `there are no data for ${portText(port)}: neither ${port.name}.npy nor a folder ${port.name}`;
  const hint = [severalInputsHint, didYouMean(port.name, list.files.map(stem))].filter(Boolean).join('; ');
  return diagnostics.data('missing-array', message, { file: spec }, hint);
}

function onlyPort(ports: readonly RuntimePort[], spec: string): RuntimePort {
  const [only, ...others] = ports;
  if (only && others.length === 0) return only;
  throw severalInputs(ports, spec);
}

const severalInputsHint = 'bring an .npz with an array named like each input, or a folder with a .npy for each';

function severalInputs(ports: readonly RuntimePort[], spec: string) {
  const message = `the model has ${ports.length} inputs (${ports.map((port) => port.name).join(', ')}), ${spec} has data for one`;
  return diagnostics.data('input-shape-mismatch', message, undefined, severalInputsHint);
}
