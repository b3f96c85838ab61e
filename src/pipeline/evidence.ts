import { syntheticSpec } from '../data/index.ts';
import { diagnostics } from '../diagnostics.ts';
import type { Evidence } from '../rewrite/index.ts';
import type { CalibrationData } from './calibration.ts';
import type { EngineOptions } from './options.ts';

export const weightsAlone: Evidence = { kind: 'weights' };

/** How a plan's fits were made, as options. */
export function fittingOf(evidence: Evidence): Pick<EngineOptions, 'calibrate' | 'samples' | 'effort' | 'fitMode'> {
  if (evidence.kind === 'weights') return {};
  const { samples, effort } = evidence;
  const made = evidence.kind === 'synthetic' ? { calibrate: syntheticSpec } : {};
  return { samples, effort, ...made, ...('mode' in evidence && { fitMode: evidence.mode }) };
}

/** @throws plan-mismatch (2) where the data at hand are not those that the plan was made with */
export function checkEvidence(wanted: Evidence, data: CalibrationData | undefined): void {
  const given = data?.evidence ?? weightsAlone;
  if (wanted.kind === 'weights' && given.kind === 'weights') return;
  // Factors carry their methods and ranks, and each node is held against them.
  if (given.kind === 'factors') return;
  const hint = "--refit fits to the data at hand, with the plan's methods and ranks.";
  if (given.kind === 'weights')
    throw diagnostics.planMismatch(
      'the plan was made with calibration data, and there are none',
      `Give them with --calibrate. ${hint}`,
    );
  if (wanted.kind === 'weights')
    throw diagnostics.planMismatch('the plan was made from the weights alone, and there are calibration data', hint);
  if (wanted.kind !== given.kind || wanted.sha256 !== given.sha256)
    throw diagnostics.planMismatch('the plan was made with other calibration data', hint);
  if (wanted.preprocess !== given.preprocess)
    throw diagnostics.planMismatch(
      `the plan was made with other preprocessing: ${wanted.preprocess} against ${given.preprocess}`,
      hint,
    );
}
