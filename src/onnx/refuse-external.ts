import { diagnostics } from '../diagnostics.ts';

/**
 * Parts that we carry without interpreting (training information, sparse tensors in attributes, defaults of function
 * attributes) must not point to other files: nobody would check the path, nor take the data along.
 *
 * @throws external-data-unsupported (exit 3)
 */
export function refuseExternal(part: unknown): void {
  if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return;
  if (Array.isArray(part)) {
    for (const item of part) refuseExternal(item);
    return;
  }
  if (Reflect.get(part, 'dataLocation') === 1) {
    const tensor = String(Reflect.get(part, 'name') ?? '');
    throw diagnostics.invalidModel(
      'external-data-unsupported',
      'a tensor in training information, a sparse tensor or a function default lies in another file',
      { tensor },
      'Store it inside the model',
    );
  }
  for (const value of Object.values(part)) refuseExternal(value);
}
