import { type Cache, openCache } from '../cache/index.ts';
import type { Diagnostic } from '../diagnostics.ts';
import type { OnEvent } from '../events.ts';
import type { Model } from '../ir/index.ts';
import type { Pass } from '../pass/index.ts';
import { FitCache, type Policy } from '../rewrite/index.ts';
import { openResources, type Resources } from './environment.ts';
import { hashModel, type LoadedModel, loadModel } from './load-model.ts';
import type { EngineOptions, ModelInput } from './options.ts';
import { loadPasses } from './plugins.ts';
import { freezeInputs, policyOf, unsupportedReason } from './prepare.ts';
import { Stopwatch } from './stopwatch.ts';

/** What every command that looks at a model has in hand while it works. */
export interface Run {
  readonly loaded: LoadedModel;
  readonly sha256: string;
  /** As the passes see it: with frozen inputs where that was asked for. */
  readonly model: Model;
  /** Why ONNX Runtime cannot check this model, so that nothing may be rewritten. */
  readonly unsupported: string | undefined;
  readonly options: EngineOptions;
  readonly passes: readonly Pass[];
  readonly resources: Resources;
  readonly policy: Policy;
  readonly fits: FitCache;
  readonly watch: Stopwatch;
  /** What earlier runs found out. */
  readonly cache: Cache;
  /** All that were told so far. */
  readonly warnings: readonly Diagnostic[];
}

/** Opens what a run needs, and closes it however the run ends. */
export async function withRun<Result>(
  input: ModelInput,
  options: EngineOptions,
  work: (run: Run) => Promise<Result>,
): Promise<Result> {
  const warnings: Diagnostic[] = [];
  const onEvent: OnEvent = (event) => {
    if (event.kind === 'warning') warnings.push(event.diagnostic);
    options.onEvent?.(event);
  };
  const heard = { ...options, onEvent };
  const passes = await loadPasses(options.plugins);
  const resources = openResources(heard);
  const watch = new Stopwatch(onEvent);
  try {
    // Refused before the work, not after it.
    if ((options.device ?? 'cpu') !== 'cpu') await resources.runtime();
    const loaded = await watch.time('read', () => loadModel(input, options), describe);
    const sha256 = await watch.time('hash', () => hashModel(loaded.model));
    const model = options.freezeInputs ? freezeInputs(loaded.model) : loaded.model;
    const unsupported = unsupportedReason(model);
    return await work({
      loaded,
      sha256,
      model,
      unsupported,
      options: heard,
      passes,
      resources,
      policy: policyOf(options),
      fits: new FitCache(),
      watch,
      cache: openCache(options.cache),
      warnings,
    });
  } finally {
    await resources.close();
  }
}

function describe({ model, file, byteLength }: LoadedModel): string {
  const size = `${(byteLength / 2 ** 20).toFixed(1)} MiB`;
  return `${file ?? 'standard input'}  ${size}  IR ${model.irVersion}  opset ${model.opset() ?? '–'}  ${model.graph.nodes.length} nodes`;
}
