export { verbatim } from './codecs.ts';
export type * from './generated/messages.ts';
export { defaultLimits, type Limits } from './limits.ts';
export {
  decodeModelProto,
  type DecodedModel,
  type DecodeOptions,
  encodeMessage,
  encodeModelProto,
} from './model-bytes.ts';
export { packedBytes, packedCount, type PackedKind, packVarints, unpackVarints } from './packed.ts';
export type { Places } from './wire-reader.ts';
