import { diagnostics } from '../diagnostics.ts';
import type { RuntimePort, RuntimeTensor } from '../runtime/index.ts';
import { allocateFeed, type FeedArray, type FeedDType, isFeedDType, storeFeed } from './elements.ts';
import type { Fitting } from './fit-to-port.ts';
import { fixedBatch } from './port-shape.ts';
import type { Sample, SampleSource } from './samples.ts';

export interface FittedInput {
  readonly port: RuntimePort;
  readonly source: SampleSource;
  readonly fitting: Fitting;
}

export interface Batch {
  /** By input name; dims start with the batch size. */
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  /** The model's class of each sample, labelOffset included. */
  readonly labels: Int32Array | undefined;
  /** Samples in it. A model of fixed batch size gets the last one repeated up to its size: rows from here on are void. */
  readonly count: number;
}

/** What the model insists on, else what was asked for. @throws unsupported-input (2) inputs that insist differently */
export function checkedBatchSize(ports: readonly RuntimePort[], wanted: number): { size: number; fixed: boolean } {
  if (!Number.isInteger(wanted) || wanted < 1) throw diagnostics.usage(`a batch of ${wanted} samples cannot be made`);
  const fixed = new Set(ports.map(fixedBatch).filter((size) => size !== undefined));
  if (fixed.size > 1) {
    throw diagnostics.data('unsupported-input', `the inputs have different batch sizes: ${[...fixed].join(', ')}`);
  }
  const [size] = fixed;
  return { size: size ?? wanted, fixed: size !== undefined };
}

/** Reads all inputs in lockstep; one batch is in memory at a time. */
export async function* makeBatches(
  inputs: readonly FittedInput[],
  selection: readonly number[],
  labels: Int32Array | undefined,
  { size, fixed }: { readonly size: number; readonly fixed: boolean },
): AsyncIterable<Batch> {
  const readers = inputs.map((input) => ({ input, samples: input.source.read(selection)[Symbol.asyncIterator]() }));
  try {
    for (let start = 0; start < selection.length; start += size) {
      const count = Math.min(size, selection.length - start);
      const feeds: Record<string, RuntimeTensor> = {};
      for (const { input, samples } of readers) {
        feeds[input.port.name] = await readFeed(input, samples, count, fixed ? size : count);
      }
      yield { feeds, labels: labels?.slice(start, start + count), count };
    }
  } finally {
    for (const { samples } of readers) await samples.return?.();
  }
}

async function readFeed(
  { port, fitting }: FittedInput,
  reader: AsyncIterator<Sample>,
  count: number,
  rows: number,
): Promise<RuntimeTensor> {
  const dtype = feedDType(port);
  let feed: { readonly data: FeedArray; readonly dims: readonly number[]; readonly length: number } | undefined;
  for (let row = 0; row < count; row++) {
    const next = await reader.next();
    if (next.done) throw new Error('readFeed: fewer samples than promised');
    const { data, dims } = fitting.apply(next.value);
    feed ??= { data: allocateFeed(dtype, rows * data.length), dims, length: data.length };
    if (feed.dims.join() !== dims.join()) throw differentSizes(next.value, dims, feed.dims);
    storeFeed(dtype, feed.data, row * feed.length, data);
  }
  if (!feed) throw new Error('readFeed: empty batch');
  for (let row = count; row < rows; row++)
    feed.data.copyWithin(row * feed.length, (count - 1) * feed.length, count * feed.length);
  return { dtype, dims: [rows, ...feed.dims], data: feed.data };
}

function feedDType({ dtype = 'float32' }: RuntimePort): FeedDType {
  if (!isFeedDType(dtype)) throw new Error(`feedDType: ${dtype}`);
  return dtype;
}

function differentSizes(sample: Sample, dims: readonly number[], others: readonly number[]) {
  const message = `the sample becomes [${dims.join(', ')}], those before it [${others.join(', ')}]`;
  return diagnostics.data(
    'input-shape-mismatch',
    message,
    { file: sample.place },
    'give "resize" or "crop" in a --preprocess file',
  );
}
