/** Images, arrays and labels → batches for a model. */
export type { Batch } from './batches.ts';
export { type Dataset, type DatasetOptions, openDataset } from './dataset.ts';
export type { PreprocessInput } from './preprocess.ts';
