import type { Dataset } from '../../src/data/index.ts';
import { seededRandom } from '../../src/numerics/index.ts';

/** Correlated samples of one float32 input: neighbours along the last axis are alike, channels share a part. */
export function randomSamples(count: number, dims: readonly number[], seed = 0): Float32Array {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const width = dims.at(-1) ?? 1;
  const random = seededRandom(seed, 'samples');
  const data = new Float32Array(count * size);
  let last = 0;
  for (let i = 0; i < data.length; i++) {
    last = i % width === 0 ? random.normal() : 0.8 * last + 0.6 * random.normal();
    data[i] = last + 0.5 * Math.sin(i % 7);
  }
  return data;
}

/** Samples as a data set, in batches of any size. */
export function arrayDataset(input: string, data: Float32Array, dims: readonly number[]): Dataset {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const samples = data.length / size;
  const dataset: Dataset = {
    size: samples,
    synthetic: false,
    labels: undefined,
    preprocessText: 'none',
    async *batches(batchSize) {
      for (let start = 0; start < samples; start += batchSize) {
        const count = Math.min(batchSize, samples - start);
        const batch = data.slice(start * size, (start + count) * size);
        yield {
          feeds: { [input]: { dtype: 'float32', dims: [count, ...dims], data: batch } },
          labels: undefined,
          count,
        };
      }
    },
    sha256: async () => 'none',
    some: () => dataset,
  };
  return dataset;
}
