import type { Model } from '../ir/index.ts';
import { isSkip } from '../pass/index.ts';
import type { Calibration } from './calibration.ts';
import type { CandidateOffers } from './candidates.ts';
import { chooseFilters } from './choose-filters.ts';
import { sightOf } from './group-survey.ts';
import { methodsOf } from './methods-of.ts';
import { guarded, NodeSearch } from './node-search.ts';
import { pruneSteps, type Stage } from './pipeline.ts';
import { LevelSurvey } from './prune-levels.ts';
import { checkRankNames, namedOperators, visitOperators } from './visit-operators.ts';
import { type Environment, type Policy, Workspace } from './workspace.ts';

export interface CandidateOptions {
  /** Data in whose metric errors are measured, on the inputs that the original gives each node. */
  readonly calibration?: Calibration;
  /** Channels between new nodes come in multiples of this. */
  readonly block: number;
}

/**
 * What a choice over all nodes together needs to know of each: every factorize pass of the pipeline at many ranks, with
 * cost, and then with expected error. Canonicalize and prune passes run on a copy, as for a plan; rank passes are not asked.
 *
 * @throws usage when `ranks` of the policy names no node, or has more for a node than any of its methods
 */
export async function offerCandidates(
  model: Model,
  stages: readonly Stage[],
  policy: Policy,
  environment: Environment,
  { calibration, block }: CandidateOptions,
): Promise<CandidateOffers> {
  const workspace = new Workspace(model, environment);
  const original = new Workspace(model, environment);
  original.runAll(stages, 'canonicalize');
  const pruned = await chooseFilters(workspace, original, stages, policy, environment, calibration);
  checkRankNames(policy, workspace);
  const methods = methodsOf(stages);
  const search = { workspace, methods, policy, environment, block };
  const searches = namedOperators(workspace).map(({ node, name }) => new NodeSearch(node, name, search));
  return {
    pruned,
    nodes: searches.map(({ offered }) => offered),
    async estimate(wantedOf = () => () => true) {
      const byNode = new Map(searches.map((one) => [one.node, one]));
      const levels = calibration && levelSurvey(stages, workspace, policy, environment, block);
      // Errors and levels are computed while the next nodes are observed; rejections are met at the end.
      let turn: Promise<unknown> = Promise.resolve();
      const behind: Promise<unknown>[] = [];
      try {
        const found = await visitOperators({ workspace, original }, environment, calibration, async (visit) => {
          const { node, name, observation } = visit;
          const { ways } = await (byNode.get(node) as NodeSearch).estimated(visit, wantedOf);
          behind.push(Promise.allSettled([ways, turn]));
          if (levels?.asksFor(node) && observation) {
            const sight = await guarded(visit, environment, () =>
              sightOf(name, node, workspace, observation, environment.blas),
            );
            if (!isSkip(sight)) turn = turn.then(() => guarded(visit, environment, () => levels.see(node, sight)));
            turn.catch(() => {});
          }
          while (behind.length > (environment.curves?.nodesBehind ?? 0)) await behind.shift();
          return { ways };
        });
        const nodes = await Promise.all(found.map(({ ways }) => ways));
        await turn;
        return { pruned, nodes, groups: levels?.found ?? [] };
      } finally {
        await Promise.allSettled([...behind, turn]);
      }
    },
  };
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
