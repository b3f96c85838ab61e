import { type Json, openCache } from '../cache/index.ts';
import type { Dataset } from '../data/index.ts';
import type { KeepingRuntime } from '../runtime/index.ts';
import type { CalibrationData } from './calibration.ts';
import { settingOf } from './decide.ts';
import type { Target, TargetKind } from './goal.ts';
import { openEvaluation } from './judge.ts';
import { PlanSearch } from './plan-search.ts';
import { identityOf, questionOf } from './question.ts';
import { Recall } from './recall.ts';
import { rememberAnswers } from './remember-answers.ts';
import type { Run } from './run.ts';
import type { ResolvedPipeline } from './stages.ts';

/** What all points of a sweep share; each part is made when the first point asks for it. */
export interface SweepSearch {
  readonly run: Run;
  /** The same run, whose models are asked once for the same samples. */
  readonly judging: Run;
  readonly pipeline: ResolvedPipeline;
  readonly data: CalibrationData | undefined;
  /** What --evaluate names. */
  readonly evaluation: Dataset | undefined;
  plans(): Promise<PlanSearch>;
  readonly recall: Recall;
  /** What plans depend on, as a part of keys. */
  readonly planQuestion: Json;
  /** What is known of the model of a plan depends on this too. */
  readonly pointQuestion: Json;
}

/** @throws usage (2) for a pipeline with a rank pass, and what opening data throws */
export async function openSweepSearch(run: Run, over: TargetKind, targets: readonly Target[]): Promise<SweepSearch> {
  const { options, unsupported, resources, loaded } = run;
  const { pipeline, data } = await settingOf(run, { targets, losses: [] });
  const evaluated = options.evaluate !== undefined && unsupported === undefined;
  const evaluation = evaluated ? await openEvaluation(await resources.runtime(), loaded.source, options) : undefined;
  const judges = evaluation ?? (await data?.judges())?.dataset;
  let plans: Promise<PlanSearch> | undefined;
  const question = questionOf(run, pipeline.text, data?.evidence);
  const { check = 'model', bench = true } = options;
  const common = { question: question ?? null };
  return {
    run,
    judging: withMemory(run),
    pipeline,
    data,
    evaluation,
    plans: () => {
      plans ??= PlanSearch.open(run, pipeline, data, [over]);
      return plans;
    },
    // Without a question that says all, nothing is kept for other runs.
    recall: new Recall(question === undefined ? openCache(undefined) : run.cache),
    planQuestion: { answer: 'sweep-plan', ...common },
    pointQuestion: {
      answer: 'sweep-point',
      ...common,
      check,
      bench,
      judges: judges ? await identityOf(judges) : null,
    },
  };
}

function withMemory(run: Run): Run {
  let runtime: Promise<KeepingRuntime> | undefined;
  const open = () => {
    runtime ??= run.resources.runtime().then(rememberAnswers);
    return runtime;
  };
  return { ...run, resources: { ...run.resources, runtime: open } };
}
