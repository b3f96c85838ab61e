import type { Report } from '../report/index.ts';
import {
  explainNode,
  type GroupDescription,
  type InspectedNode,
  inspectGroups,
  inspectNodes,
  type MethodExplanation,
  type NodeGroup,
} from '../rewrite/index.ts';
import { goalOfRun, settingOf } from './decide.ts';
import { adviceFor, decisionText } from './explain-advice.ts';
import { checkNodeName, explainPlanned, type PlanExplanation } from './explain-plan.ts';
import type { EngineOptions, ModelInput } from './options.ts';
import { decideOnce } from './remembered.ts';
import { withRun } from './run.ts';
import { resolveStages } from './stages.ts';
import { factsOfInput, summarize } from './summary.ts';

export interface Inspection {
  readonly model: Report['input'];
  readonly nodes: readonly InspectedNode[];
  /** Which channels can only go together, and why some cannot; where that was asked for. */
  readonly groups?: readonly GroupDescription[];
}

export interface InspectOptions extends EngineOptions {
  readonly groups?: boolean;
}

/** How one node was seen and what was decided, and why. */
export interface Explanation {
  readonly node: InspectedNode;
  readonly operator: string;
  readonly methods: readonly MethodExplanation[];
  readonly groups: readonly NodeGroup[];
  readonly decision: string;
  /** What to write to decide otherwise. */
  readonly advice: readonly string[];
}

/** The model and its linear operators, and why a node could not be rewritten. */
export async function inspect(
  input: ModelInput,
  { groups = false, ...options }: InspectOptions = {},
): Promise<Inspection> {
  return withRun(input, options, async (run) => ({
    model: summarize(factsOfInput(run)),
    nodes: inspectNodes(run.model, run.resources.environment),
    ...(groups && { groups: inspectGroups(run.model, run.policy, run.resources.environment) }),
  }));
}

/**
 * Explains one node: by what each pass of the pipeline would make of it alone, or, under a goal or with data, by the
 * plan that is made for it.
 *
 * @throws usage (2) when no linear operator has that name, and what `plan` throws
 */
export async function explain(
  input: ModelInput,
  nodeName: string,
  options: EngineOptions = {},
): Promise<Explanation | PlanExplanation> {
  return withRun(input, options, async (run) => {
    const { model, passes, policy, resources } = run;
    const { calibrate, statistics } = options;
    if (goalOfRun(options) || calibrate !== undefined || statistics !== undefined) {
      checkNodeName(model, nodeName);
      const { plan, pipeline } = await decideOnce(run, await settingOf(run), { fit: true });
      return explainPlanned(run, pipeline, plan, nodeName);
    }
    const { steps } = resolveStages(options, passes);
    const { plan, ...seen } = await explainNode(model, nodeName, steps, policy, resources.environment);
    return { ...seen, decision: decisionText(plan), advice: adviceFor(plan) };
  });
}
