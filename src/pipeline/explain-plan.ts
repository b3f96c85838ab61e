import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Model } from '../ir/index.ts';
import { explainGroups, linearNodes, type NodeGroup, nodeNames, type Plan, type PlanNode } from '../rewrite/index.ts';
import { checkedPlan, planRun } from './compress.ts';
import { adviceFor, decisionText, ranksText } from './explain-advice.ts';
import { importances } from './importance.ts';
import type { EngineOptions, ModelInput } from './options.ts';
import { countedCosts, type Way } from './plan-costs.ts';
import { bestTrades } from './plan-trades.ts';
import type { Run } from './run.ts';
import { type ResolvedPipeline, resolveStages } from './stages.ts';
import { whyNot } from './why-not.ts';

/** What a plan does with one node, what it might have done instead, and why not. */
export interface PlanExplanation {
  /** As the options that named it, `macs=0.5x`; empty for a plan that was made without one. */
  readonly goal: readonly string[];
  /** What the errors of its ways are of. */
  readonly errorOf: 'outputs' | 'weights';
  readonly node: Pick<PlanNode, 'name' | 'opType' | 'shape'>;
  /** What a unit of its error counts in the choice, against 1 on the average: see `importances`. */
  readonly importance: number;
  /** What the goal chose; null where it had no choice. */
  readonly chosen: Way | null;
  /** The next best, best first. */
  readonly others: readonly (Way & { readonly whyNot: string })[];
  /** Channels that the node makes and reads, and what the plan removes of them. */
  readonly groups: readonly NodeGroup[];
  readonly decision: string;
  readonly advice: readonly string[];
}

/**
 * Explains one node by a plan.
 *
 * @throws usage (2) when no linear operator has that name, plan-mismatch (2) for another model or something that is no plan
 */
export async function explainPlan(
  input: ModelInput,
  nodeName: string,
  given: Plan,
  options: EngineOptions = {},
): Promise<PlanExplanation> {
  return planRun(input, checkedPlan(given), options, async (run, plan) => {
    checkNodeName(run.model, nodeName);
    return explainPlanned(run, resolveStages(run.options, run.passes), plan, nodeName);
  });
}

/** @throws usage (2) when no linear operator has that name */
export function checkNodeName(model: Model, name: string): void {
  const names = nodeNames(model);
  const known = linearNodes(model).flatMap((node) => names.get(node) ?? []);
  if (known.includes(name)) return;
  throw diagnostics.usage(
    `there is no Conv, ConvTranspose, Gemm or MatMul named "${name}"`,
    didYouMean(name, known) ?? '"onnx-tucker inspect" lists the names.',
  );
}

/** @param name of a node that the plan has */
export function explainPlanned(
  { model, policy, resources }: Run,
  { steps }: ResolvedPipeline,
  plan: Plan,
  name: string,
): PlanExplanation {
  const entry = plan.nodes.find((node) => node.name === name);
  if (!entry) throw new Error(`the plan has no node ${name}`);
  const { opType, shape, candidates } = entry;
  const [chosen, ...others] = candidates;
  const costs = countedCosts(plan);
  const [first] = costs;
  const importance = importances(plan.nodes);
  const counting = (node: PlanNode) => (way: Way) => ({ ...way, error: importance(node) * way.error });
  const elsewhere = plan.nodes.flatMap((node) =>
    node === entry ? [] : [{ ...node, candidates: node.candidates.map(counting(node)) }],
  );
  const trades = first ? bestTrades(elsewhere, first) : { saving: undefined, purchase: undefined };
  const counted = counting(entry);
  return {
    goal: plan.goal,
    errorOf: plan.evidence.kind === 'weights' ? 'weights' : 'outputs',
    node: { name, opType, shape },
    importance: importance(entry),
    chosen: chosen ?? null,
    others: chosen
      ? others.map((other) => ({ ...other, whyNot: whyNot(counted(chosen), counted(other), costs, trades) }))
      : [],
    groups: explainGroups(model, name, steps, policy, resources.environment, plan.pruned),
    decision: decisionUnderGoal(entry, chosen),
    advice: adviceByPlan(entry, others),
  };
}

/** Plans are edited, and what turns out slow is taken back: then the goal's choice is another one. */
function decisionUnderGoal(entry: PlanNode, chosen: Way | undefined): string {
  const decision = decisionText(entry);
  if (!chosen || isSameWay(entry, chosen)) return decision;
  return `${decision}; the goal had chosen ${wayText(chosen)}`;
}

function isSameWay(a: Pick<Way, 'method' | 'ranks'>, b: Pick<Way, 'method' | 'ranks'>): boolean {
  return a.method === b.method && ranksText(a.ranks) === ranksText(b.ranks);
}

function wayText({ method, ranks }: Way): string {
  return method === null ? 'to keep it' : `${method} with ${ranksText(ranks)}`;
}

function adviceByPlan(entry: PlanNode, others: readonly Way[]): readonly string[] {
  if (entry.candidates.length === 0) return adviceFor(entry);
  const { name, method } = entry;
  const next = others.find(({ ranks }) => ranks !== null);
  const ranks = next ? Object.values(next.ranks ?? {}).join(',') : '…';
  return [
    '"method" and "ranks" of the node in plan.json are what "onnx-tucker apply" carries out: edit them there',
    `--ranks '${name}=${ranks}' sets its ranks before the others are chosen`,
    ...(method === null ? [] : [`--exclude '${name}' keeps it, and the goal chooses among the others`]),
  ];
}
