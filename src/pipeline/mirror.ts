import { type Dataset, mirrorImages } from '../data/index.ts';
import { DiagnosticError } from '../diagnostics.ts';
import type { Model, Node } from '../ir/index.ts';
import { linearNodes } from '../rewrite/index.ts';
import type { ModelSource, Runtime } from '../runtime/index.ts';
import { measureAccuracy } from '../validate/index.ts';

/** Rows for each number of a patch that a fit should have. */
const rowsPerNumber = 8;

/** Answers that stay the same in a mirror, for mirrored images to count as images of the same kind. */
const leastAgreement = 0.75;

/** Samples that tell. */
const asked = 128;

/** Rows that the widest operator of a model should be fitted to. */
export function rowsWanted(model: Model): number {
  return rowsPerNumber * Math.max(0, ...linearNodes(model).map(patchOf));
}

/** Numbers that an output is made from. */
function patchOf(node: Node): number {
  const dims = node.inputs[1]?.tensor?.dims ?? [];
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  if (node.is('Conv')) return product(dims.slice(1));
  if (node.is('ConvTranspose')) return (product(dims.slice(2)) * (dims[0] ?? 0)) / node.int('group', 1);
  return (node.is('Gemm') && node.int('transB', 0) === 1 ? dims[1] : dims.at(-2)) ?? 0;
}

/**
 * Whether a classifier mostly gives images the same class when left and right are exchanged, as it does for photographs
 * and does not for digits: mirrored images are like new ones to it then. False for everything else.
 */
export async function isMirrorIndifferent(runtime: Runtime, model: ModelSource, dataset: Dataset): Promise<boolean> {
  const session = await runtime.load(model);
  try {
    let mirrors = true;
    const mirrored: typeof session = {
      ...session,
      run(feeds, ...rest) {
        const image = mirrorImages(feeds);
        mirrors &&= image !== undefined;
        return session.run(image ?? feeds, ...rest);
      },
    };
    const { agreement } = await measureAccuracy(session, mirrored, { ...dataset.some(asked), labels: undefined });
    return mirrors && agreement.top1Agreement >= leastAgreement;
  } catch (cause) {
    if (cause instanceof DiagnosticError) return false;
    throw cause;
  } finally {
    await session.release();
  }
}
