import { type Dataset, mirrorImages } from '../data/index.ts';
import { DiagnosticError } from '../diagnostics.ts';
import type { ModelSource, Runtime } from '../runtime/index.ts';
import { measureAccuracy } from '../validate/index.ts';

/** Answers that stay the same in a mirror, for mirrored images to count as images of the same kind. */
const leastAgreement = 0.75;

/** Samples that tell. */
const asked = 128;

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
