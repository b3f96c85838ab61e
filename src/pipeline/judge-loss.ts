import type { Dataset } from '../data/index.ts';
import { type Diagnostic, diagnostics } from '../diagnostics.ts';
import type { ModelSource } from '../runtime/index.ts';
import { compareModels, isUnjudged, type TopOne } from '../validate/index.ts';
import type { Judges } from './calibration.ts';
import type { Loss } from './goal.ts';
import { accuracyOf } from './judge.ts';
import { type OutputModel, withSources } from './output-model.ts';
import type { Run } from './run.ts';

/** How much a model lost, on samples that no fit has seen. */
export interface LossOutcome {
  readonly loss: Loss;
  /** In the unit of the bound; null where the outputs cannot be judged so. */
  readonly reached: number | null;
  /** 95 % interval, where there is one. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** Whether the point estimate is within the bound. */
  readonly met: boolean;
}

const batch = 32;

/** @throws usage (2) for --max-drop without labels */
export function checkLosses(losses: readonly Loss[], judges: Judges | undefined): asserts judges is Judges {
  if (!judges)
    throw diagnostics.usage(
      'there are no samples to judge losses by',
      'Give images with --calibrate: statistics and weights alone judge nothing.',
    );
  if (losses.some(({ kind }) => kind === 'drop') && !judges.dataset.labels)
    throw diagnostics.usage(
      '--max-drop needs labels, and the calibration data have none',
      'Use --max-kl or --max-error, which need none, or class folders.',
    );
}

/** What a rewritten model lost against the original. */
export async function judgeLosses(
  run: Run,
  losses: readonly Loss[],
  { dataset }: Judges,
  output: OutputModel,
): Promise<readonly LossOutcome[]> {
  const runtime = await run.resources.runtime();
  const original = run.loaded.source;
  return withSources([output.model], async ([written]) => {
    const source = written as ModelSource;
    const compared = await compareModels(runtime, original, source, { batches: dataset.batches(batch) });
    const drop = losses.some(({ kind }) => kind === 'drop') ? await dropOf(run, source, dataset) : undefined;
    return losses.map((loss): LossOutcome => {
      const { kind, most } = loss;
      if (isUnjudged(compared)) return { loss, reached: null, ci95: null, met: false };
      const [reached, ci95] =
        kind === 'drop'
          ? [drop?.points ?? null, drop?.ci95 ?? null]
          : kind === 'kl'
            ? [compared.klDivergence, compared.klCi95]
            : [compared.outputError, compared.outputErrorCi95];
      if (reached === null && kind === 'kl')
        throw diagnostics.usage('--max-kl needs class scores, and no output has any', 'Use --max-error.');
      return { loss, reached, ci95, met: reached !== null && reached <= most };
    });
  });
}

/** Of promises that the samples are too few to vouch for. */
export function lossWarnings(losses: readonly LossOutcome[]): readonly Diagnostic[] {
  return losses
    .filter(({ loss: { most }, ci95 }) => ci95 && ci95[1] - ci95[0] > most)
    .map(({ loss: { kind, most } }) =>
      diagnostics.warning(
        'uncertain-loss',
        `samples kept back are few for --max-${kind} ${most}: the 95 % interval of what they tell is wider than that`,
        undefined,
        'More samples with --calibrate narrow it',
      ),
    );
}

async function dropOf({ resources, loaded, options: { seed, signal } }: Run, written: ModelSource, dataset: Dataset) {
  const metric = await accuracyOf(await resources.runtime(), loaded.source, written, dataset, {
    ...(seed !== undefined && { seed }),
    ...(signal && { signal }),
  });
  if (!metric) throw diagnostics.usage('--max-drop needs class scores, and no output has any', 'Use --max-error.');
  const { ci95 } = metric;
  return { points: pointsLost(metric), ci95: [-ci95[1], -ci95[0]] as const };
}

/**
 * Percentage points of top-1, or of the mean probability of the right class where that fell further: a few right answers
 * more or less are chance, and images that the network was trained on are answered right long after it is no longer sure.
 */
export function pointsLost({ difference, certainty }: Pick<TopOne, 'difference' | 'certainty'>): number {
  const fallen = certainty ? 100 * (certainty.before - certainty.after) : 0;
  return Math.max(0, -difference, fallen);
}
