import type { Report, ReportNode } from '../report/index.ts';
import type { Applied, Evidence, NodeResult, Plan } from '../rewrite/index.ts';
import { runtimeInfo } from '../runtime/index.ts';
import type { GoalOutcome } from './decide-goal.ts';
import { targetsOf } from './goal-report.ts';
import type { EngineOptions } from './options.ts';
import type { OutputModel } from './output-model.ts';
import type { Run } from './run.ts';
import { factsOfInput, summarize, summarizeOutput } from './summary.ts';
import { tool } from './tool.ts';
import type { Verdict } from './verdict.ts';

/** The run told as data: everything that the terminal, the JSON file and the HTML page show. */
export function reportOfRun(
  run: Run,
  plan: Plan,
  { nodes }: Applied,
  output: OutputModel,
  { verification, benchmark }: Verdict,
  goal?: GoalOutcome,
): Report {
  const { options, resources, watch, warnings, loaded } = run;
  const { version, instructionSet } = runtimeInfo();
  const before = summarize(factsOfInput(run));
  const after = summarizeOutput(output, resources.environment);
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
    },
    input: before,
    output: after,
    targets: goal ? targetsOf(goal, before, after, benchmark) : [],
    calibration: calibrationOf(plan.evidence),
    nodes: nodes.map(reportNode),
    verification,
    benchmark,
    warnings: warnings.map(({ code, message }) => ({ code, message })),
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
    after: (kept ? cost?.before : cost?.after) ?? null,
    weightError,
    outputError,
    exactError,
    skipped,
  };
}

function calibrationOf(evidence: Evidence): Report['calibration'] {
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
