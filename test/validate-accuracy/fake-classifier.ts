import type { Batch, Dataset } from '../../src/data/index.ts';
import type { RuntimeSession, RuntimeTensor } from '../../src/runtime/index.ts';

export function tensor(dims: readonly number[], data: ArrayLike<number>): RuntimeTensor {
  return { dtype: 'float32', dims, data: Float32Array.from(data) };
}

/** Sample k is the number k; labels are as given; a fixed batch is filled up with the last sample. */
export function numberedDataset(size: number, labels?: readonly number[], fixedBatch?: number): Dataset {
  async function* batches(wanted: number): AsyncIterable<Batch> {
    const step = fixedBatch ?? wanted;
    for (let start = 0; start < size; start += step) {
      const count = Math.min(step, size - start);
      const rows = fixedBatch ?? count;
      const numbers = Array.from({ length: rows }, (_, k) => start + Math.min(k, count - 1));
      const own = labels && Int32Array.from(labels.slice(start, start + count));
      yield { feeds: { input: tensor([rows, 1], numbers) }, labels: own, count };
    }
  }
  const dataset: Dataset = {
    size,
    labels: labels && Int32Array.from(labels),
    synthetic: false,
    preprocessText: 'none',
    batches,
    sha256: async () => '',
    some: () => dataset,
  };
  return dataset;
}

/** A model whose outputs are functions of the numbers of its samples. */
export function classifier(
  outputs: Readonly<Record<string, (sample: number) => readonly number[]>>,
  tail: readonly number[] = [],
): RuntimeSession {
  return {
    inputs: [],
    outputs: [],
    run: async ({ input }) => {
      const samples = Array.from(input?.data ?? [], Number);
      const answers = Object.entries(outputs).map(([name, scores]) => {
        const rows = samples.map((sample) => scores(sample));
        return [name, tensor([rows.length, rows[0]?.length ?? 0, ...tail], rows.flat())] as const;
      });
      return Object.fromEntries(answers);
    },
    time: () => Promise.reject(new Error('not timed here')),
    release: async () => undefined,
  };
}

/** Logits that are highest at `best`. */
export function logitsFor(best: number, classes = 4): number[] {
  return Array.from({ length: classes }, (_, c) => (c === best ? 2 : 0.1 * c));
}

export function softmax(logits: readonly number[]): number[] {
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
