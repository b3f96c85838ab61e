import type { Model } from '../ir/index.ts';
import type { SkipCode } from '../pass/index.ts';
import {
  linearNodes,
  nodeNames,
  type Plan,
  type PlanNode,
  type PlanOptions,
  planNodes,
  type Rewrites,
} from '../rewrite/index.ts';
import type { CalibrationData } from './calibration.ts';
import { checkGlobs } from './prepare.ts';
import type { Run } from './run.ts';
import type { ResolvedPipeline } from './stages.ts';
import { tool } from './tool.ts';

/** The plan of a run: what is to become of each node, on what evidence. */
export async function planOfRun(
  run: Run,
  { steps, text }: ResolvedPipeline,
  data: CalibrationData | undefined,
  planning: Pick<PlanOptions, 'fit'> = {},
): Promise<Plan> {
  const { model, unsupported, resources, policy, fits, watch } = run;
  const rewrites = await watch.time(
    'plan',
    async () =>
      unsupported
        ? keeping(model, 'opset-unsupported', unsupported)
        : planNodes(model, steps, policy, resources.environment, fits, {
            ...planning,
            ...(data && { calibration: data.calibration, comparison: data.comparison }),
          }),
    plannedText,
  );
  return planOf(run, text, data, rewrites);
}

function plannedText({ pruned, nodes }: Rewrites): string {
  const rewritten = nodes.filter(({ method }) => method !== null).length;
  const groups = pruned.length > 0 ? `, ${pruned.length} groups to lose filters` : '';
  return `${nodes.length} nodes, ${rewritten} to be rewritten${groups}`;
}

/** Rewrites as the plan of a run: with what it is for and what it rests on. */
export function planOf(
  { loaded, sha256, options, resources, policy }: Run,
  pipeline: string,
  data: CalibrationData | undefined,
  { pruned, nodes }: Rewrites,
  goal: readonly string[] = [],
): Plan {
  checkGlobs(
    options,
    nodes.map(({ name }) => name),
  );
  return {
    version: 1,
    tool: `${tool.name} ${tool.version}`,
    model: { sha256, bytes: loaded.byteLength },
    pipeline,
    seed: resources.environment.seed,
    freezeInputs: options.freezeInputs ?? false,
    requireGain: policy.requireGain,
    evidence: data?.evidence ?? { kind: 'weights' },
    goal: [...goal],
    pruned: [...pruned],
    nodes: [...nodes],
  };
}

/** Nothing is done to a model, for one reason. */
export function keeping(model: Model, code: SkipCode, text: string): Rewrites {
  return { pruned: [], nodes: [...keptNodes(model, code, text)] };
}

/** Entries that keep every node of a model, for one reason. */
export function keptNodes(model: Model, code: SkipCode, text: string): readonly PlanNode[] {
  const names = nodeNames(model);
  return linearNodes(model).map((node) => ({
    name: names.get(node) ?? node.name,
    opType: node.opType,
    shape: node.inputs[1]?.tensor?.dims.slice() ?? [],
    method: null,
    ranks: null,
    rankSource: null,
    cost: null,
    weightError: null,
    outputError: null,
    skipped: { code, text },
    sensitivity: null,
    candidates: [],
  }));
}
