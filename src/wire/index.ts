export { verbatim } from './codecs.ts';
export { ExternalFolder, type ExternalOptions, type ExternalPlace } from './external-data.ts';
export { locationComponents } from './external-location.ts';
export { closeQuietly, type ExternalFile, ExternalTensor } from './external-tensor.ts';
export { type FileStatus, type FileSystem, nodeFileSystem, type OpenFile } from './file-system.ts';
export type * from './generated/messages.ts';
export { errorCode, ioFailure } from './io-failure.ts';
export type { Limits } from './limits.ts';
export {
  type DecodedModel,
  type DecodeOptions,
  decodeMessage,
  decodeModelProto,
  encodeMessage,
  encodeModelProto,
  encodesTo,
} from './model-bytes.ts';
export { OutputFiles, type OutputOptions } from './output-files.ts';
export { concatenate, type PackedKind, packedBytes, packedCount, packVarints, unpackVarints } from './packed.ts';
export { readBytes } from './read-bytes.ts';
export { samePieces } from './same-pieces.ts';
export type { StagedFile } from './staged-file.ts';
export { removeTemporaries } from './temporaries.ts';
export type { Place, Places } from './wire-reader.ts';
