import type { Report } from '../report/index.ts';
import {
  explainNode,
  type InspectedNode,
  inspectNodes,
  type MethodExplanation,
  type PlanNode,
} from '../rewrite/index.ts';
import type { EngineOptions, ModelInput } from './options.ts';
import { withRun } from './run.ts';
import { resolveStages } from './stages.ts';
import { factsOfInput, summarize } from './summary.ts';

export interface Inspection {
  readonly model: Report['input'];
  readonly nodes: readonly InspectedNode[];
}

/** How one node was seen and what was decided, and why. */
export interface Explanation {
  readonly node: InspectedNode;
  readonly operator: string;
  readonly methods: readonly MethodExplanation[];
  readonly decision: string;
  /** What to write to decide otherwise. */
  readonly advice: readonly string[];
}

/** The model and its linear operators, and why a node could not be rewritten. */
export async function inspect(input: ModelInput, options: EngineOptions = {}): Promise<Inspection> {
  return withRun(input, options, async (run) => ({
    model: summarize(factsOfInput(run)),
    nodes: inspectNodes(run.model, run.resources.environment),
  }));
}

/** @throws usage when no linear operator has that name */
export async function explain(input: ModelInput, nodeName: string, options: EngineOptions = {}): Promise<Explanation> {
  return withRun(input, options, async ({ model, passes, policy, resources }) => {
    const { steps } = resolveStages(options, passes);
    const { plan, ...seen } = await explainNode(model, nodeName, steps, policy, resources.environment);
    return { ...seen, decision: decisionText(plan), advice: adviceFor(plan) };
  });
}

function decisionText({ method, ranks, rankSource, skipped }: PlanNode): string {
  if (skipped) return `kept (${skipped.code}): ${skipped.text}`;
  const chosen = Object.entries(ranks ?? {}).map(([name, rank]) => `${name}=${rank}`);
  return `rewritten by ${method} with ${chosen.join(', ')}, chosen by ${rankSource}`;
}

function adviceFor({ name, method, skipped }: PlanNode): readonly string[] {
  if (!skipped)
    return [
      `--exclude '${name}' keeps it; --ranks '${name}=…' sets its ranks; --skip-pass ${method} takes the next method`,
    ];
  switch (skipped.code) {
    case 'excluded':
      return ['--include and --exclude decide which nodes are considered'];
    case 'no-gain':
      return ["--require-gain none rewrites it all the same; smaller ranks may gain: --ranks '…'"];
    case 'error-bound':
      return [
        'error-ranks{max=…} allows a larger error; ratio-ranks, energy-ranks and vbmf-ranks choose without a bound',
      ];
    case 'end-layer':
      return ['ratio-ranks{ends=fit} includes the first and the last layer'];
    case 'weight-overridable':
      return ['--freeze-inputs makes weights constant that are listed as graph inputs'];
    case 'rank-zero':
      return ['vbmf-ranks{minimum=…} sets a smallest rank'];
    case 'shape-unknown':
      return ['--input-shape name:1,3,224,224 makes the shapes known'];
    case 'no-method':
      return ['add a factorize pass that takes this operator: "onnx-tucker inspect --passes" lists them'];
    default:
      return [];
  }
}
