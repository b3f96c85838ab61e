import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import type { RuntimePort } from '../runtime/index.ts';
import { type Batch, checkedBatchSize, type FittedInput, makeBatches } from './batches.ts';
import { isFeedDType } from './elements.ts';
import { type Fitting, fitToPort } from './fit-to-port.ts';
import { hashFiles } from './hash-files.ts';
import { type KeyOptions, openInputs, refuseKeys } from './open-inputs.ts';
import { portText } from './port-shape.ts';
import { checkPreprocess, type PreprocessChoice, type PreprocessInput, parsePreprocess } from './preprocess.ts';
import { fewSamplesWarning } from './sample-counts.ts';
import type { SampleSource } from './samples.ts';
import { selectOthers, selectSamples } from './select-samples.ts';
import { openSynthetic, syntheticSpec } from './synthetic.ts';
import { rangeWarning, type ValueRange, widenRange } from './value-range.ts';

export interface DatasetOptions extends KeyOptions {
  /** Inputs of the model that want data. */
  readonly ports: readonly RuntimePort[];
  /** A preset's name, the path of a JSON file, or settings. Without it values go to the model as they are. */
  readonly preprocess?: string | PreprocessInput;
  /** Use that many samples, drawn with `seed`; all by default, and 512 synthetic ones. */
  readonly samples?: number;
  readonly seed?: number;
  /** Leave out what the same data with this number of samples and the same seed would use: to judge by others. */
  readonly besides?: number;
  /** To warn of what matters for it. */
  readonly purpose?: 'calibration' | 'evaluation';
  readonly onWarning?: (warning: Diagnostic) => void;
}

export interface Dataset {
  readonly size: number;
  /** Whether the samples were made on the spot. */
  readonly synthetic: boolean;
  /** The model's classes, labelOffset included, in the order of the samples. */
  readonly labels: Int32Array | undefined;
  /** What is done to the samples, per input where there are several. */
  readonly preprocessText: string;
  /** @param batchSize what the model's own batch size overrides */
  batches(batchSize: number): AsyncIterable<Batch>;
  /** Of the files that the samples come from, or of all that synthetic ones depend on, in hexadecimal. */
  sha256(): Promise<string>;
  /** So many of the samples at equal distances, or all where there are no more: data may be sorted by class. */
  some(count: number): Dataset;
}

/** Samples looked at before anything runs, to check shapes and values. */
const examples = 8;

/**
 * Opens labelled or unlabelled data for a model: .npz, .npy, bare elements, images in a folder, a glob, or `synthetic`.
 * Reads the first samples, so that what does not fit fails here; the rest is read batch by batch.
 *
 * @throws unreadable-data, sharp-missing (7, 2) · no-data-found, mixed-data, missing-array, unsupported-array,
 * invalid-preprocess, invalid-labels, label-count-mismatch, sample-count-mismatch, input-shape-mismatch,
 * image-too-small, unsupported-input, synthetic-unsuitable, preprocess-missing (2)
 */
export async function openDataset(spec: string, options: DatasetOptions): Promise<Dataset> {
  const { ports, samples, seed = 0, besides = 0, onWarning = () => {} } = options;
  checkPorts(ports);
  const synthetic = spec === syntheticSpec;
  if (synthetic) refuseKeys(spec, options);
  const choice = await choosePreprocess(options.preprocess);
  const opened = synthetic
    ? await openSynthetic(ports, choice, { samples: samples && samples + besides, seed })
    : await openInputs(spec, ports, options);
  const selection =
    besides > 0
      ? selectOthers(opened.size, besides, samples, seed, synthetic)
      : selectSamples(opened.size, samples, seed);
  if (selection.length === 0) throw diagnostics.data('no-data-found', 'there are no samples', { file: spec });
  const inputs: FittedInput[] = [];
  for (const { port, source } of opened.inputs) {
    const { fitting, range } = await tryExamples(port, source, selection.slice(0, examples), choice);
    const warning = rangeWarning(range, choice !== undefined, spec);
    const explicitlyRaw = choice?.kind === 'preset' && choice.name === 'raw';
    if (warning && isFloat(port) && !explicitlyRaw) onWarning(warning);
    inputs.push({ port, source, fitting });
  }
  const few = options.purpose === 'calibration' ? fewSamplesWarning(selection.length, spec) : undefined;
  for (const warning of [...opened.warnings, ...(few ? [few] : [])]) onWarning(warning);
  const offset = inputs[0]?.fitting.labelOffset ?? 0;
  const { labels: stored } = opened;
  const selected = (positions: readonly number[]): Dataset => {
    const labels = stored && Int32Array.from(positions, (index) => (stored[index] ?? -1) + offset);
    return {
      size: positions.length,
      synthetic,
      labels,
      preprocessText: describe(inputs),
      batches: (batchSize) => makeBatches(inputs, positions, labels, checkedBatchSize(ports, batchSize)),
      sha256: async () =>
        opened.sha256 ?? hashFiles(spec, [...new Set(inputs.flatMap(({ source }) => source.filesOf(positions)))]),
      some: (count) => selected(spread(positions, count)),
    };
  };
  return selected(selection);
}

function spread(positions: readonly number[], count: number): readonly number[] {
  if (count >= positions.length) return positions;
  return Array.from({ length: count }, (_, k) => positions[Math.floor(((k + 0.5) * positions.length) / count)] ?? 0);
}

async function choosePreprocess(
  preprocess: string | PreprocessInput | undefined,
): Promise<PreprocessChoice | undefined> {
  if (typeof preprocess === 'string') return parsePreprocess(preprocess);
  return preprocess && { kind: 'settings', settings: checkPreprocess(preprocess) };
}

async function tryExamples(
  port: RuntimePort,
  source: SampleSource,
  selection: readonly number[],
  choice: PreprocessChoice | undefined,
): Promise<{ fitting: Fitting; range: ValueRange }> {
  let fitting: Fitting | undefined;
  let range: ValueRange | undefined;
  for await (const sample of source.read(selection)) {
    fitting ??= fitToPort(port, sample, choice);
    range = widenRange(range, fitting.apply(sample).data);
  }
  if (!fitting || !range) throw new Error('tryExamples: no samples');
  return { fitting, range };
}

function checkPorts(ports: readonly RuntimePort[]): void {
  if (ports.length === 0) throw diagnostics.data('unsupported-input', 'the model has no inputs to feed');
  for (const port of ports) {
    if (port.dtype !== undefined && !isFeedDType(port.dtype)) {
      throw diagnostics.data('unsupported-input', `${portText(port)} takes no numbers`);
    }
    if (port.shape?.length === 0)
      throw diagnostics.data('unsupported-input', `${portText(port)} has no axis of samples`);
  }
}

function isFloat({ dtype = 'float32' }: RuntimePort): boolean {
  return dtype.includes('float');
}

function describe(inputs: readonly { readonly port: RuntimePort; readonly fitting: Fitting }[]): string {
  const [only, ...others] = inputs;
  if (only && others.length === 0) return only.fitting.text;
  return inputs.map(({ port, fitting }) => `${port.name}: ${fitting.text}`).join('; ');
}
