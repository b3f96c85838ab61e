import type { Gone } from '../channels/index.ts';
import type { Model } from '../ir/index.ts';
import {
  type Cost,
  type Decomposition,
  type FactorizePass,
  isSkip,
  type LinearOperator,
  linearOperator,
  type Ranks,
  readKernel,
  type Skip,
  skip,
} from '../pass/index.ts';
import { admittedRanks } from './admitted-ranks.ts';
import type { Calibration } from './calibration.ts';
import type { MethodSpace } from './candidate-space.ts';
import { chooseFilters } from './choose-filters.ts';
import { chainCost, gains, operatorCost } from './cost.ts';
import { sightOf } from './group-survey.ts';
import { absentRanks } from './illegal-ranks.ts';
import { type LoweredStep, lowerChain } from './lowering.ts';
import { matchMethods } from './match-methods.ts';
import { type Methods, methodsOf } from './methods-of.ts';
import { nodeSpaces } from './node-spaces.ts';
import { Unobserved } from './observed-target.ts';
import { type OperatorStep, operatorStep } from './operator-step.ts';
import { passFailure } from './pass-failure.ts';
import { pruneSteps, type Stage } from './pipeline.ts';
import type { PlanNode, PrunedGroup } from './plan.ts';
import { keptEntry } from './plan-entry.ts';
import { type GroupLevels, LevelSurvey } from './prune-levels.ts';
import { rankGrid } from './rank-grid.ts';
import { ranksByHand } from './ranks-by-hand.ts';
import { type Visit, visitOperators } from './visit-operators.ts';
import { withoutChannels } from './without-channels.ts';
import { type Environment, FitCache, type Policy, Workspace } from './workspace.ts';

/** One way to factorize a node. */
export interface Candidate {
  readonly method: string;
  readonly ranks: Ranks;
  readonly cost: Cost;
  /** The operators that would take the node's place. */
  readonly steps: readonly LoweredStep[];
  /**
   * What the fit is expected to lose, squared and relative: E‖ŷ−y‖²/Σvar(y) on the original's inputs with calibration,
   * otherwise ‖Ŵ−W‖²/‖W‖². It never rises with the ranks of a method.
   */
  readonly error: number;
}

/** What could become of one node. */
export interface NodeCandidates {
  /** Its entry in a plan that keeps it; with a reason where nothing else can be done. */
  readonly kept: PlanNode;
  /** Of the node as it stands; undefined where it is not seen as a linear operator. */
  readonly cost: Cost | undefined;
  readonly step: OperatorStep | undefined;
  readonly candidates: readonly Candidate[];
  /** Whether ranks were set by hand: the one candidate is the user's choice, and keeping the node is none. */
  readonly chosen: boolean;
  /** The same node without some of its channels, at these of its candidates; undefined where it cannot be. */
  without(gone: Gone, kept: readonly Candidate[]): NodeWays | undefined;
}

/** What a node costs as it stands, and what could take its place. */
export interface NodeWays {
  readonly cost: Cost;
  readonly step: OperatorStep;
  readonly candidates: readonly Candidate[];
}

export interface FoundCandidates {
  /** Filters that go whatever else is chosen. */
  readonly pruned: readonly PrunedGroup[];
  /** One entry per Conv, ConvTranspose, Gemm and MatMul, in file order. */
  readonly nodes: readonly NodeCandidates[];
  /** Filters that may go beside; none without data, or where the pipeline has no pass for them. */
  readonly groups: readonly GroupLevels[];
}

export interface CandidateOptions {
  /** Data in whose metric errors are measured, on the inputs that the original gives each node. */
  readonly calibration?: Calibration;
  /** Channels between new nodes come in multiples of this. */
  readonly block: number;
}

/**
 * What a choice over all nodes together needs to know of each: every factorize pass of the pipeline at many ranks, with
 * cost and expected error. Canonicalize and prune passes run on a copy, as for a plan; rank passes are not asked.
 *
 * @throws usage when `ranks` of the policy names no node, or has more for a node than any of its methods
 */
export async function findCandidates(
  model: Model,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  { calibration, block }: CandidateOptions,
): Promise<FoundCandidates> {
  const workspace = new Workspace(model, environment);
  const original = new Workspace(model, environment);
  original.runAll(stages, 'canonicalize');
  const pruned = await chooseFilters(workspace, original, stages, policy, environment, calibration);
  const methods = methodsOf(stages);
  const levels = calibration && levelSurvey(stages, workspace, policy, environment, block);
  const nodes = await visitOperators({ workspace, original }, policy, environment, calibration, async (visit) => {
    const operator = linearOperator(visit.node, workspace.context(undefined));
    if (operator === null) throw new Error(`${visit.name} is no linear operator`);
    if (isSkip(operator)) return nothing(visit, operator);
    const found = await guarded(visit, environment, () => search(visit, operator));
    const { node, name, observation } = visit;
    if (levels?.asksFor(node) && observation)
      await guarded(visit, environment, async () =>
        levels.see(node, await sightOf(name, node, workspace, observation)),
      );
    const { candidates, chosen } = isSkip(found) ? { candidates: [], chosen: false } : found;
    return {
      kept: keptEntry(visit.name, visit.node, operator, isSkip(found) ? found : undefined, visit.original),
      ...{ cost: operatorCost(operator), step: operatorStep(operator), candidates, chosen },
      without: (gone: Gone, kept: readonly Candidate[]) =>
        waysWithout(operator, gone, kept, methods, workspace, policy),
    };
  });
  return { pruned, nodes, groups: levels?.found ?? [] };

  async function search(
    visit: Visit,
    operator: LinearOperator,
  ): Promise<Pick<NodeCandidates, 'candidates' | 'chosen'> | Skip> {
    const { node, name, observation } = visit;
    if (!policy.allows(name)) return skip(node, 'excluded', 'excluded by name');
    const matches = matchMethods(operator, methods.values(), workspace);
    if (isSkip(matches)) return matches;
    const kernel = readKernel(operator);
    if (isSkip(kernel)) return kernel;
    const ranked = { name, operator, kernel, end: undefined, observation };
    const spaces = nodeSpaces(ranked, matches, policy, environment, new FitCache());
    const given = ranksByHand(policy, name, spaces);
    if (given) {
      const ranks = admittedRanks(given.match, given.ranks);
      return isSkip(ranks) ? ranks : { candidates: await estimated(given.match, [ranks]), chosen: true };
    }
    const candidates: Candidate[] = [];
    let reason: Skip = skip(node, 'no-gain', 'no method saves anything at any rank');
    for (const space of spaces) {
      const grid = rankGrid(space.decomposition, block, (ranks) => isWorthIt(space, ranks));
      const found = await guarded(visit, environment, () => estimated(space, grid));
      if (isSkip(found)) reason = found;
      else candidates.push(...found);
    }
    return candidates.length > 0 ? { candidates, chosen: false } : reason;
  }
}

/** Filters may go beside what is chosen where the pipeline has a prune pass that nobody told how many. */
function levelSurvey(
  stages: readonly Stage[],
  workspace: Workspace,
  policy: Policy,
  environment: Environment,
  block: number,
): LevelSurvey | undefined {
  const step = pruneSteps(stages).find(({ rule, isPlanned }) => isPlanned && rule.count === undefined);
  return step && new LevelSurvey(step, workspace, policy, environment, block);
}

/** Also a policy that asks for no gain wants either parameters or MACs to fall: the node itself has no error at all. */
function isWorthIt(space: MethodSpace, ranks: Ranks): boolean {
  return space.gains(ranks) && isCheaper(space.cost(ranks), space.originalCost);
}

function isCheaper(after: Cost, before: Cost): boolean {
  return after.params < before.params || after.macs < before.macs;
}

async function estimated(space: MethodSpace, grid: readonly Ranks[]): Promise<readonly Candidate[]> {
  if (grid.length === 0) return [];
  const errors = await space.errors(grid);
  return grid.map((ranks, place) => ({
    method: space.pass,
    ranks,
    cost: space.cost(ranks),
    steps: space.steps(ranks),
    error: (errors[place] as number) ** 2,
  }));
}

/** A pass that breaks down takes nothing but its own candidates with it. */
async function guarded<Result>(
  { node, name }: Visit,
  environment: Environment,
  work: () => Promise<Result>,
): Promise<Result | Skip> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Unobserved) return skip(node, 'unobserved', cause.message);
    return passFailure(node, name, cause, environment);
  }
}

/** A node that is not seen as a linear operator. */
function nothing({ node, name, original }: Visit, reason: Skip): NodeCandidates {
  return {
    kept: keptEntry(name, node, undefined, reason, original),
    ...{ cost: undefined, step: undefined, candidates: [], chosen: false },
    without: () => undefined,
  };
}

/** The same ranks on the smaller operator, where they are still worth it there. */
function waysWithout(
  operator: LinearOperator,
  gone: Gone,
  kept: readonly Candidate[],
  methods: Methods,
  workspace: Workspace,
  { requireGain }: Policy,
): NodeWays | undefined {
  const smaller = withoutChannels(operator, gone);
  if (!smaller) return undefined;
  const before = operatorCost(smaller);
  const decompositions = new Map<string, Decomposition | undefined>();
  const decompositionOf = (method: string) => {
    if (!decompositions.has(method)) decompositions.set(method, matched(smaller, methods.get(method), workspace));
    return decompositions.get(method);
  };
  const candidates = kept.flatMap((candidate) => {
    const { method, ranks } = candidate;
    const decomposition = decompositionOf(method);
    if (!decomposition || absentRanks(smaller, { decomposition }, ranks)) return [];
    const steps = lowerChain(method, smaller, decomposition, ranks);
    const cost = chainCost(smaller, steps);
    return gains(before, cost, requireGain) && isCheaper(cost, before) ? [{ ...candidate, steps, cost }] : [];
  });
  return { cost: before, step: operatorStep(smaller), candidates };
}

function matched(
  operator: LinearOperator,
  stage: Stage<FactorizePass> | undefined,
  workspace: Workspace,
): Decomposition | undefined {
  const decomposition = stage?.pass.match(operator, workspace.context(stage.options));
  return !decomposition || isSkip(decomposition) ? undefined : decomposition;
}
