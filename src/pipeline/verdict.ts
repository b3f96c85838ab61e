import type { Dataset } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { isRealDType, type Model, machineEpsilon } from '../ir/index.ts';
import type { Report } from '../report/index.ts';
import type { Applied, PrunedModel } from '../rewrite/index.ts';
import type { ModelSource } from '../runtime/index.ts';
import { type ExactOptions, isUnjudged, perturbHalfWeights } from '../validate/index.ts';
import type { CalibrationData } from './calibration.ts';
import {
  judgeAgreement,
  judgeCanonical,
  judgeExactness,
  judgeLatency,
  judgePruned,
  unjudgedVerification,
} from './judge.ts';
import type { BenchResult } from './options.ts';
import { type OutputModel, withSources } from './output-model.ts';
import type { Run } from './run.ts';

export interface Verdict {
  readonly verification: Report['verification'];
  readonly benchmark: BenchResult | null;
}

/**
 * What ONNX Runtime says of the rewritten model as a whole, before anything is written: first that canonicalizing changed
 * nothing and that the rest is what the factors say (exact), then how it compares with the original (approximate).
 *
 * @param evaluation what --evaluate names, where it is open already
 *
 * @throws check-failed (5)
 */
export async function verdictOf(
  run: Run,
  { reference, canonical, pruned, changed }: Applied,
  output: OutputModel,
  data: CalibrationData | undefined,
  evaluation?: Dataset,
): Promise<Verdict> {
  const { options, unsupported, loaded } = run;
  if (unsupported) return { verification: { ...unjudgedVerification, unverified: unsupported }, benchmark: null };
  const wholeModel = changed && (options.check ?? 'model') === 'model';
  if (!wholeModel && options.evaluate === undefined) return { verification: unjudgedVerification, benchmark: null };
  const rewritten = changed ? output.model : run.model;
  const weightSpacing = coarsestSpacing(rewritten);
  if (wholeModel && canonical) await checkCanonical(run, canonical, weightSpacing);
  if (wholeModel) for (const removal of pruned) await checkPruned(run, removal, weightSpacing);
  const halves = weightSpacing > machineEpsilon('float32');
  const references =
    reference && wholeModel ? [reference, ...(halves ? [perturbHalfWeights(reference, options.seed ?? 0)] : [])] : [];
  return withSources([rewritten, ...references], ([written, dense, perturbed]) =>
    judgeSources(
      run,
      loaded.source,
      written as ModelSource,
      dense,
      { data, evaluation },
      {
        original: loaded.source,
        weightSpacing,
        ...(perturbed && { perturbed }),
      },
    ),
  );
}

async function checkCanonical({ loaded, options, resources, watch }: Run, canonical: Model, weightSpacing: number) {
  const runtime = await resources.runtime();
  await withSources([canonical], ([source]) =>
    watch.time('verify', () =>
      judgeCanonical(runtime, loaded.source, source as ModelSource, { weightSpacing }, options),
    ),
  );
}

async function checkPruned(
  { options, resources, watch }: Run,
  { expected, pruned }: PrunedModel,
  weightSpacing: number,
) {
  const runtime = await resources.runtime();
  await withSources([expected, pruned], ([reference, written]) =>
    watch.time('verify', () =>
      judgePruned(runtime, reference as ModelSource, written as ModelSource, { weightSpacing }, options),
    ),
  );
}

async function judgeSources(
  run: Run,
  original: ModelSource,
  written: ModelSource,
  dense: ModelSource | undefined,
  { data, evaluation }: { readonly data: CalibrationData | undefined; readonly evaluation: Dataset | undefined },
  weights: Pick<ExactOptions, 'original' | 'weightSpacing' | 'perturbed'>,
): Promise<Verdict> {
  const { options, resources, watch } = run;
  const runtime = await resources.runtime();
  const verification = await watch.time('verify', async () => {
    const exact = dense
      ? await judgeExactness(runtime, dense, written, weights, options)
      : { exact: null, unverified: null };
    if (exact.unverified !== null) return { ...unjudgedVerification, ...exact };
    return {
      ...unjudgedVerification,
      ...exact,
      ...(await judgeAgreement(runtime, original, written, options, data, evaluation)),
    };
  });
  if (!(options.bench ?? dense !== undefined)) return { verification, benchmark: null };
  const latency = await watch.time('bench', () => judgeLatency(runtime, original, written, options));
  if (isUnjudged(latency)) {
    // Where ONNX Runtime cannot run the model, the reason has been given.
    if (verification.unverified === null) options.onEvent?.({ kind: 'warning', diagnostic: notTimed(latency.reason) });
    return { verification, benchmark: null };
  }
  const [, upper] = latency.ci95;
  if (upper < 1) options.onEvent?.({ kind: 'warning', diagnostic: slower(latency.ratio) });
  return { verification, benchmark: latency };
}

/** The largest relative spacing among the types of the model's weights. */
function coarsestSpacing(model: Model): number {
  const dtypes = [...model.graph.initializers].map(({ dtype }) => dtype);
  return Math.max(0, ...dtypes.map((dtype) => (dtype && isRealDType(dtype) ? machineEpsilon(dtype) : 0)));
}

function notTimed(reason: string) {
  return diagnostics.warning('not-timed', `latency was not measured: ${reason}`);
}

function slower(ratio: number) {
  return diagnostics.warning(
    'slower',
    `the result is slower on this machine: ${ratio.toFixed(2)}×`,
    undefined,
    'Ranks that are multiples of the SIMD width run faster: ratio-ranks{block=16}',
  );
}
