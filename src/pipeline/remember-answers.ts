import { createHash } from 'node:crypto';
import type { Feeds, KeepingRuntime, ModelSource, RuntimeData, RuntimeSession } from '../runtime/index.ts';

/** Bytes of answers that are kept for one model. */
const most = 2 ** 28;

/**
 * A runtime that asks a model only once for the same inputs, so that the original answers the samples of many comparisons
 * once. A model is known by the object that it is given as; with that its answers are forgotten.
 */
export function rememberAnswers(runtime: KeepingRuntime): KeepingRuntime {
  const known = new WeakMap<ModelSource, Map<string, Answers>>();
  return {
    async load(model, options = {}) {
      const session = await runtime.load(model, options);
      const bySettings = known.get(model) ?? new Map<string, Answers>();
      known.set(model, bySettings);
      const settings = JSON.stringify(options);
      const answers = bySettings.get(settings) ?? { byInputs: new Map<string, Feeds>(), bytes: 0 };
      bySettings.set(settings, answers);
      return { ...session, run: (feeds) => answered(session, feeds, answers) };
    },
    keep: (tensor) => runtime.keep(tensor),
    close: () => runtime.close(),
  };
}

interface Answers {
  readonly byInputs: Map<string, Feeds>;
  bytes: number;
}

async function answered(session: RuntimeSession, feeds: Feeds, answers: Answers): Promise<Feeds> {
  const key = digestOf(feeds);
  const known = answers.byInputs.get(key);
  if (known) return known;
  const outputs = await session.run(feeds);
  const bytes = Object.values(outputs).reduce((sum, { data }) => sum + bytesOf(data).byteLength, 0);
  if (answers.bytes + bytes <= most) {
    answers.byInputs.set(key, outputs);
    answers.bytes += bytes;
  }
  return outputs;
}

function digestOf(feeds: Feeds): string {
  const hash = createHash('sha256');
  for (const [name, { dtype, dims, data }] of Object.entries(feeds))
    hash.update(JSON.stringify([name, dtype, dims])).update(bytesOf(data));
  return hash.digest('hex');
}

function bytesOf(data: RuntimeData): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new TextEncoder().encode(JSON.stringify(data));
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
