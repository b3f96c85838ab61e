import type { Model, Node } from '../ir/index.ts';
import type { RealNdArray } from '../numerics/index.ts';
import { ownValue } from '../own-value.ts';
import {
  type CandidateSpace,
  isSkip,
  type LinearOperator,
  linearOperator,
  type RankChoice,
  type Ranks,
  readKernel,
  type Skip,
  skip,
} from '../pass/index.ts';
import { admittedRanks } from './admitted-ranks.ts';
import type { Calibration } from './calibration.ts';
import { chooseFilters } from './choose-filters.ts';
import { matchMethods } from './match-methods.ts';
import { linearNodes } from './node-names.ts';
import { nodeSpaces } from './node-spaces.ts';
import { observedMoments, observedTarget, Unobserved } from './observed-target.ts';
import { passFailure } from './pass-failure.ts';
import { type Segment, type Stage, segments } from './pipeline.ts';
import type { PlanNode, PrunedGroup, Rewrites } from './plan.ts';
import { keptEntry, writtenCost } from './plan-entry.ts';
import { pricedMethod } from './priced-method.ts';
import { ranksByHand } from './ranks-by-hand.ts';
import { checkRankNames, type Visit, visitOperators } from './visit-operators.ts';
import { type Environment, FitCache, type Policy, Workspace } from './workspace.ts';

export interface PlanOptions {
  /** Fit what is chosen, so that the plan tells its weight error; the fits are kept for `applyNodes`. */
  readonly fit?: boolean;
  /** Data in whose metric fits are made, on the inputs that the original gives each node. */
  readonly calibration?: Calibration;
  /** The same data, as far as they are needed to compare filters. */
  readonly comparison?: Calibration;
  /** Which filters go, where that is decided already. */
  readonly pruned?: readonly PrunedGroup[];
}

/**
 * Decides which filters go, and for every Conv, ConvTranspose, Gemm and MatMul of the model what is to become of it: the
 * first half of `run`. All is done on a copy, so that ranks are chosen for the nodes that the factorize passes will meet.
 * Data are those of the unpruned model: a node that has lost channels is judged by what is left of its inputs and outputs.
 *
 * @returns among others one entry per linear operator, in file order
 * @throws usage when a factorize pass has no rank pass before it, or `ranks` names no node
 */
export async function planNodes(
  model: Model,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  fits: FitCache,
  options: PlanOptions = {},
): Promise<Rewrites> {
  const rules = segments(stages);
  const workspace = new Workspace(model, environment);
  const original = new Workspace(model, environment);
  original.runAll(stages, 'canonicalize');
  const { fit = false, calibration, comparison = calibration } = options;
  const { pruned = await chooseFilters(workspace, original, stages, policy, environment, comparison) } = options;
  if (options.pruned) workspace.prepare({ stages, policy, pruned });
  checkRankNames(policy, workspace);
  const ends = findEnds(linearNodes(workspace.model).filter((node) => node.graph === workspace.model.graph));
  const cache = calibration ? new FitCache() : fits;
  const nodes = await visitOperators({ workspace, original }, environment, calibration, (visit) => {
    const planner = new NodePlanner(workspace, policy, environment, cache, visit, ends.get(visit.node), fit);
    return planner.plan(rules);
  });
  return { pruned: [...pruned], nodes: [...nodes] };
}

/** The first Conv and the last linear operator of the main graph's. */
function findEnds(nodes: readonly Node[]): ReadonlyMap<Node, 'first' | 'last'> {
  const ends = new Map<Node, 'first' | 'last'>();
  const last = nodes.at(-1);
  const first = nodes.find((node) => node.is('Conv'));
  if (last) ends.set(last, 'last');
  if (first) ends.set(first, 'first');
  return ends;
}

class NodePlanner {
  readonly #workspace: Workspace;
  readonly #policy: Policy;
  readonly #environment: Environment;
  readonly #fits: FitCache;
  readonly #visit: Visit;
  readonly #end: CandidateSpace['end'];
  readonly #fitChosen: boolean;

  constructor(
    workspace: Workspace,
    policy: Policy,
    environment: Environment,
    fits: FitCache,
    visit: Visit,
    end: CandidateSpace['end'],
    fitChosen: boolean,
  ) {
    this.#workspace = workspace;
    this.#policy = policy;
    this.#environment = environment;
    this.#fits = fits;
    this.#visit = visit;
    this.#end = end;
    this.#fitChosen = fitChosen;
  }

  async plan(rules: readonly Segment[]): Promise<PlanNode> {
    const { node, name, original } = this.#visit;
    const operator = linearOperator(node, this.#workspace.context(undefined));
    if (operator === null) throw new Error(`${name} is no linear operator`);
    if (isSkip(operator)) return keptEntry(name, node, undefined, operator, original);
    if (!this.#policy.allows(name))
      return keptEntry(name, node, operator, skip(node, 'excluded', 'excluded by name'), original);
    let reason: Skip = skip(node, 'no-method', 'no factorize pass of the pipeline takes this operator');
    let kernel: RealNdArray | Skip | undefined;
    for (const rule of rules) {
      const decision = await this.#decide(operator, rule, () => (kernel ??= readKernel(operator))).catch(
        (cause: unknown) =>
          cause instanceof Unobserved
            ? skip(node, 'unobserved', cause.message)
            : passFailure(node, name, cause, this.#environment),
      );
      if (!isSkip(decision)) return this.#chosen(operator, decision, rule);
      if (decision.code !== 'no-method' || reason.code === 'no-method') reason = decision;
    }
    return keptEntry(name, node, operator, reason, original);
  }

  async #decide(operator: LinearOperator, rule: Segment, read: () => RealNdArray | Skip): Promise<RankChoice | Skip> {
    const matches = matchMethods(operator, rule.methods, this.#workspace);
    if (isSkip(matches)) return matches;
    const kernel = read();
    if (isSkip(kernel)) return kernel;
    const { name, observation } = this.#visit;
    const target = async () => observedTarget(kernel, await observedMoments(name, observation), this.#environment.blas);
    const ranked = { name, kernel, end: this.#end, calibration: observation?.calibration, target };
    const { requireGain } = this.#policy;
    const methods = matches.map((match) => pricedMethod(operator, match, requireGain));
    const spaces = nodeSpaces(ranked, methods, this.#environment, this.#fits);
    const choice =
      this.#ranksByHand(spaces) ?? (await rule.rank.pass.choose(spaces, this.#workspace.context(rule.rank.options)));
    if (isSkip(choice)) return choice;
    const ranks = admittedRanks(choice.space, choice.ranks);
    if (isSkip(ranks)) return ranks;
    if (this.#fitChosen) await choice.space.fitError(ranks);
    return { ...choice, ranks };
  }

  #ranksByHand(spaces: readonly CandidateSpace[]): RankChoice | undefined {
    const given = ranksByHand(this.#policy, this.#visit.name, spaces);
    return given && { kind: 'choice', space: given.match, ranks: given.ranks };
  }

  async #chosen(operator: LinearOperator, { space, ranks }: RankChoice, rule: Segment): Promise<PlanNode> {
    const { node, name, original } = this.#visit;
    const kept = keptEntry(name, node, operator, undefined, original);
    return {
      ...kept,
      method: space.pass,
      ranks,
      rankSource: ownValue(this.#policy.ranks, name) ? '--ranks' : rule.rank.pass.name,
      cost: kept.cost && { ...kept.cost, after: writtenCost(space.cost(ranks)) },
      ...(await this.#errors(space, ranks)),
    };
  }

  async #errors(space: CandidateSpace, ranks: Ranks): Promise<Pick<PlanNode, 'weightError' | 'outputError'>> {
    if (!this.#fitChosen) return { weightError: null, outputError: null };
    const error = await space.fitError(ranks);
    return space.norm === 'weights'
      ? { weightError: error, outputError: null }
      : { weightError: null, outputError: error * error };
  }
}
