import type { Model } from '../ir/index.ts';
import { fieldsOf } from './leftover.ts';

/** The model's metadata_props, in the order of the file; a key may stand more than once. */
export function modelMetadata(model: Model): readonly (readonly [key: string, value: string])[] {
  const { metadataProps } = fieldsOf(model.extras);
  if (!Array.isArray(metadataProps)) return [];
  return metadataProps.map((entry: { readonly key?: unknown; readonly value?: unknown }) => [
    typeof entry.key === 'string' ? entry.key : '',
    typeof entry.value === 'string' ? entry.value : '',
  ]);
}
