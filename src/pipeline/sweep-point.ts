import { createHash } from 'node:crypto';
import { canonicalJson } from '../cache/index.ts';
import { frontierPointSchema } from '../report/index.ts';
import { planSchema, type Rewrites } from '../rewrite/index.ts';
import type { FrontierPoint } from './frontier.ts';
import type { Target } from './goal.ts';
import { costOf, reachedText } from './goal-report.ts';
import { keeping, planOf } from './plan-of-run.ts';
import { outcomeOf, type TargetOutcome } from './reach-targets.ts';
import { rewrite } from './rewritten.ts';
import { costsOf, factsOfInput, factsOfOutput } from './summary.ts';
import type { SweepSearch } from './sweep-search.ts';
import { verdictOf } from './verdict.ts';

/** What is known of the model of a plan, whichever target led to it. */
const measuredSchema = frontierPointSchema.omit({ wanted: true, met: true, why: true, frontier: true });

const rewritesSchema = planSchema.pick({ pruned: true, nodes: true });

type Measured = Omit<FrontierPoint, 'wanted' | 'met' | 'why' | 'frontier' | 'plan'>;

export interface SweepPoint {
  readonly point: Omit<FrontierPoint, 'frontier'>;
  /** As the target's own text: `0.498x`. */
  readonly reached: string;
  /** Whether an earlier run made it. */
  readonly earlier: boolean;
}

/** The model of one target: its plan, made, checked, judged and timed, unless that is known. */
export async function sweepPoint(search: SweepSearch, target: Target): Promise<SweepPoint> {
  const { run, pipeline, data, recall, planQuestion, pointQuestion } = search;
  const { kind, text } = target;
  const goal = [`${kind}=${text}`];
  const rewrites = await recall.answer({ of: planQuestion, goal }, rewritesSchema, () => rewritesFor(search, target));
  const known = { of: pointQuestion, plan: digestOf(rewrites.value) };
  const measured = await recall.answer(known, measuredSchema, () => measure(search, rewrites.value));
  const { reached: after, latency } = measured.value;
  const before = costOf(costsOf(factsOfInput(run)), null);
  const outcome = outcomeOf(target, before, costOf(after, latency));
  const { met } = outcome;
  return {
    reached: reachedText(outcome),
    earlier: measured.earlier,
    point: {
      wanted: text,
      met,
      why: met ? null : whyNot(search, outcome),
      ...measured.value,
      plan: planOf(run, pipeline.text, data, rewrites.value, goal),
    },
  };
}

async function rewritesFor({ run, plans }: SweepSearch, target: Target): Promise<Rewrites> {
  const { unsupported, model } = run;
  if (unsupported !== undefined) return keeping(model, 'opset-unsupported', unsupported);
  const { pruned, nodes } = await (await plans()).reach([target]);
  return { pruned, nodes };
}

async function measure(
  { run, judging, pipeline, data, evaluation }: SweepSearch,
  rewrites: Rewrites,
): Promise<Measured> {
  const { applied, output } = await rewrite(run, pipeline, rewrites, { calibration: data?.calibration });
  const { verification, benchmark } = await verdictOf(judging, applied, output, data, evaluation);
  const before = costsOf(factsOfInput(run));
  const { params, macs, bytes } = costsOf(factsOfOutput(output, run.resources.environment));
  const { sha256 } = output;
  return {
    reached: {
      ...{ params, macs, bytes, sha256 },
      ratio: { params: share(params, before.params), macs: share(macs, before.macs), size: share(bytes, before.bytes) },
    },
    exact: verification.exact,
    agreement: verification.approximate,
    accuracy: verification.metric,
    unverified: verification.unverified,
    latency: benchmark,
  };
}

function share(after: number | null, before: number | null): number | null {
  return after === null || !before ? null : after / before;
}

function whyNot({ run }: SweepSearch, outcome: TargetOutcome): string {
  if (run.unsupported !== undefined) return run.unsupported;
  if (outcome.reached === null) return `its ${outcome.target.kind} could not be measured`;
  return `the nearest that was found is ${reachedText(outcome)}`;
}

/** Of what a plan does: plans that two targets come to may tell of other candidates. */
function digestOf({ pruned, nodes }: Rewrites): string {
  const gone = pruned.map(({ group, kept }) => ({ group, kept }));
  const done = nodes.map(({ name, method, ranks }) => ({ name, method, ranks }));
  return createHash('sha256').update(canonicalJson({ gone, done })).digest('hex');
}
