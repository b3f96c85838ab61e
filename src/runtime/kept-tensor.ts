import type { ChildHost } from './child-host.ts';
import type { KeptPort } from './protocol.ts';
import { arrayType, readInto } from './transfer.js';
import type { KeptTensor } from './types.ts';

/** A tensor that the child of `host` keeps, held once. */
export function keptTensor(host: ChildHost, { id, dtype, dims }: KeptPort): KeptTensor {
  host.hold(id);
  const tensor: KeptTensor = {
    id,
    dtype,
    dims,
    gather: (places, into) =>
      host.inLine(async () => {
        const child = await host.connect();
        host.checkKept(id);
        const { path, bytes, type } = await child.request({ kind: 'gather', id, places });
        const buffer = into.take(bytes);
        readInto(path, new Uint8Array(buffer, 0, bytes));
        const ArrayType = arrayType(type);
        const { BYTES_PER_ELEMENT } = new ArrayType(buffer, 0, 0) as { readonly BYTES_PER_ELEMENT: number };
        return new ArrayType(buffer, 0, bytes / BYTES_PER_ELEMENT);
      }),
    share: () => {
      host.hold(id);
      return tensor;
    },
    release: () => host.letGo(id),
  };
  return tensor;
}
