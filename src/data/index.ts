/** Images, arrays and labels → batches for a model. */
export type { Batch } from './batches.ts';
export { type Dataset, type DatasetOptions, openDataset } from './dataset.ts';
export { type DefaultCalibration, defaultCalibration } from './default-calibration.ts';
export type { NumericArray } from './elements.ts';
export { hashFiles } from './hash-files.ts';
export { mirrorImages } from './mirror-images.ts';
export type { PreprocessInput, PresetName } from './preprocess.ts';
export { type MetadataPreprocess, preprocessFromMetadata } from './preprocess-from-metadata.ts';
export { openSafetensors, type Safetensors, type SafetensorsTensor, safetensorsPieces } from './safetensors.ts';
export { syntheticSpec } from './synthetic.ts';
