import type { Report, ReportNode } from '../report/index.ts';
import type { Applied, Evidence, GroupOutcome, NodeResult, Plan } from '../rewrite/index.ts';
import { runtimeInfo } from '../runtime/index.ts';
import type { GoalOutcome } from './decide-goal.ts';
import { targetsOf } from './goal-report.ts';
import type { EngineOptions } from './options.ts';
import type { OutputModel } from './output-model.ts';
import type { Run } from './run.ts';
import { costsOf, factsOfInput, factsOfOutput, summarize } from './summary.ts';
import { tool } from './tool.ts';
import type { Verdict } from './verdict.ts';

/** What a run found out. */
export type Findings = Pick<
  Report,
  'output' | 'targets' | 'nodes' | 'groups' | 'verification' | 'benchmark' | 'warnings'
>;

export function findingsOf(
  run: Run,
  { nodes, groups }: Applied,
  output: OutputModel,
  { verification, benchmark }: Verdict,
  goal?: GoalOutcome,
): Findings {
  const after = summarize(factsOfOutput(output, run.resources.environment));
  return {
    output: after,
    targets: goal ? targetsOf(goal, costsOf(factsOfInput(run)), after, benchmark) : [],
    nodes: nodes.map(reportNode),
    groups: groups ? reportGroups(groups) : null,
    verification,
    benchmark,
    warnings: run.warnings.map(({ code, message }) => ({ code, message })),
  };
}

/**
 * The run told as data: everything that the terminal, the JSON file and the HTML page show.
 *
 * @param cached whether an earlier run found it
 */
export function reportOfRun(run: Run, plan: Plan, findings: Findings, cached: boolean): Report {
  const { options, watch, loaded } = run;
  const { version, instructionSet } = runtimeInfo();
  return {
    version: 1,
    tool,
    run: {
      argv: options.argv ? [...options.argv] : null,
      pipeline: plan.pipeline,
      seed: plan.seed,
      threads: options.threads ?? 1,
      runtime: `ONNX Runtime ${version ?? 'not installed'}, ${instructionSet}`,
      seconds: { ...watch.seconds },
      cached,
    },
    input: summarize(factsOfInput(run)),
    calibration: calibrationOf(plan.evidence),
    ...findings,
    reproduce: { command: command(loaded.file, plan, options), plan },
  };
}

function reportNode({ plan, weightError, outputError, exactError, skipped }: NodeResult): ReportNode {
  const { name, opType, shape, method, ranks, rankSource, cost } = plan;
  const kept = skipped !== null;
  return {
    name,
    opType,
    shape,
    method: kept ? null : method,
    ranks: kept ? null : ranks,
    rankSource: kept ? null : rankSource,
    before: cost?.before ?? null,
    after: (kept ? (cost?.pruned ?? cost?.before) : cost?.after) ?? null,
    weightError,
    outputError,
    exactError,
    skipped,
  };
}

function reportGroups({ groups, pruned }: GroupOutcome): Report['groups'] {
  return {
    total: groups.length,
    pruned: pruned.map(({ group: { name, channels, makers, readers }, gone, loss, saved }) => ({
      name,
      makers: [...makers],
      readers: [...readers],
      channels: { before: channels, after: channels - gone },
      loss,
      saved: { params: Math.round(saved.params), macs: saved.macs === null ? null : Math.round(saved.macs) },
    })),
    frozen: groups.flatMap(({ name, frozen }) => (frozen ? [{ name, ...frozen }] : [])),
  };
}

export function calibrationOf(evidence: Evidence): Report['calibration'] {
  if (evidence.kind === 'weights') return null;
  const { kind, samples, preprocess, effort } = evidence;
  const symmetric = kind === 'statistics' || ('mode' in evidence && evidence.mode !== 'asymmetric');
  return { kind, samples, preprocess, effort, symmetric };
}

/** The command that gives the same bytes again; what --ranks, --include and --exclude chose stands in the plan. */
function command(
  file: string | undefined,
  { pipeline, seed, requireGain, freezeInputs, evidence, goal }: Plan,
  options: EngineOptions,
): string {
  return [
    `onnx-tucker ${file ?? '-'} out.onnx --pipeline '${pipeline}' --seed ${seed}`,
    ...goal.map(goalFlag),
    ...(requireGain === 'params-or-macs' ? [] : [`--require-gain ${requireGain}`]),
    ...(freezeInputs ? ['--freeze-inputs'] : []),
    ...fittingFlags(evidence, options),
    ...(options.device === undefined || options.device === 'cpu' ? [] : [`--device ${options.device}`]),
  ].join(' ');
}

/** `macs=0.5x` → `--target macs=0.5x`, `max-kl=0.02` → `--max-kl 0.02`. */
function goalFlag(text: string): string {
  return text.startsWith('max-') ? `--${text.replace('=', ' ')}` : `--target ${text}`;
}

function fittingFlags(evidence: Evidence, { calibrate, statistics, preprocess }: EngineOptions): readonly string[] {
  if (evidence.kind === 'weights') return [];
  const source =
    statistics === undefined
      ? [`--calibrate '${calibrate ?? evidence.kind}'`, `--samples ${evidence.samples}`]
      : [`--statistics '${statistics}'`];
  const prepared = preprocess === undefined ? [] : [`--preprocess '${preprocess}'`];
  return [...source, `--effort ${evidence.effort}`, ...prepared];
}
