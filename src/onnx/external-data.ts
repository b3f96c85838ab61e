import { diagnostics } from '../diagnostics.ts';
import type { TensorSource } from '../ir/index.ts';
import type { ExternalPlace, StringStringEntryProto } from '../wire/index.ts';

/** Opens external data. Checks the location and that the file is long enough; throws diagnostics. */
export type ExternalResolver = (place: ExternalPlace) => TensorSource;

/** Without a folder there is nothing to resolve against: the model can be read, its external tensors cannot. */
export const unresolved: ExternalResolver = ({ tensor, location, length }) => ({
  byteLength: Number(length),
  storage: 'external',
  read: () => {
    throw diagnostics.invalidModel(
      'external-data-unavailable',
      `the data lies in another file, "${location}", and only the model's bytes were given`,
      { tensor },
      'Read the model from its path',
    );
  },
});

/**
 * external_data entries → place. A missing offset is 0, a missing length is what type and shape ask for.
 *
 * @throws external-data-invalid (exit 3): no location, numbers that are none, a length that is not dtype × dims
 */
export function externalPlace(
  entries: readonly StringStringEntryProto[],
  tensor: string,
  expected: number,
): ExternalPlace {
  const values = new Map<string, string>();
  for (const { key = '', value = '' } of entries) {
    if (values.has(key)) throw invalid(tensor, `gives "${key}" twice`);
    values.set(key, value);
  }
  const location = values.get('location');
  if (!location) throw invalid(tensor, 'does not say in which file');
  const offset = integer(values.get('offset'), 0n, tensor, 'offset');
  const length = integer(values.get('length'), BigInt(expected), tensor, 'length');
  if (length !== BigInt(expected)) {
    throw invalid(tensor, `has length ${length}, but type and shape take ${expected} bytes`);
  }
  return { tensor, location, offset, length };
}

function integer(text: string | undefined, fallback: bigint, tensor: string, name: string): bigint {
  if (text === undefined) return fallback;
  if (!/^\d{1,19}$/.test(text)) throw invalid(tensor, `has ${name} "${text.slice(0, 40)}", which is no byte count`);
  return BigInt(text);
}

function invalid(tensor: string, message: string) {
  return diagnostics.invalidModel('external-data-invalid', `the external data of the tensor ${message}`, { tensor });
}
