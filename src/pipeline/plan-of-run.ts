import type { Model } from '../ir/index.ts';
import type { SkipCode } from '../pass/index.ts';
import { linearNodes, nodeNames, type Plan, type PlanNode, type PlanOptions, planNodes } from '../rewrite/index.ts';
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
  const nodes = await watch.time(
    'plan',
    () =>
      unsupported
        ? keptNodes(model, 'opset-unsupported', unsupported)
        : planNodes(model, steps, policy, resources.environment, fits, {
            ...planning,
            ...(data && { calibration: data.calibration }),
          }),
    (planned) => `${planned.length} nodes, ${planned.filter(({ method }) => method !== null).length} to be rewritten`,
  );
  return planOf(run, text, data, nodes);
}

/** Nodes as the plan of a run: with what it is for and what it rests on. */
export function planOf(
  { loaded, sha256, options, resources, policy }: Run,
  pipeline: string,
  data: CalibrationData | undefined,
  nodes: readonly PlanNode[],
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
    nodes: [...nodes],
  };
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
