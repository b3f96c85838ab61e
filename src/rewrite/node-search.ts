import type { Node } from '../ir/index.ts';
import { isSkip, type LinearOperator, linearOperator, type Ranks, readKernel, type Skip, skip } from '../pass/index.ts';
import { admittedRanks } from './admitted-ranks.ts';
import type { MethodSpace } from './candidate-space.ts';
import type { Candidate, CandidateOffer, NodeCandidates, NodeOffers, WantedOf } from './candidates.ts';
import { operatorCost } from './cost.ts';
import { matchMethods } from './match-methods.ts';
import type { Methods } from './methods-of.ts';
import { nodeSpaces, type RankedNode } from './node-spaces.ts';
import { observedMoments, observedTarget, Unobserved } from './observed-target.ts';
import { operatorStep } from './operator-step.ts';
import { passFailure } from './pass-failure.ts';
import { keptEntry } from './plan-entry.ts';
import { isWorthIt, type PricedMethod, pricedMethod } from './priced-method.ts';
import { rankGrid } from './rank-grid.ts';
import { ranksByHand } from './ranks-by-hand.ts';
import type { Visit } from './visit-operators.ts';
import { waysWithout } from './ways-without.ts';
import { type Environment, FitCache, type Policy, type Workspace } from './workspace.ts';

/** What a node is searched with. */
export interface SearchSetting {
  readonly workspace: Workspace;
  readonly methods: Methods;
  readonly policy: Policy;
  readonly environment: Environment;
  readonly block: number;
}

/** The ways of one node: first offered, then estimated. */
export class NodeSearch {
  readonly node: Node;
  readonly offered: NodeOffers;
  readonly #setting: SearchSetting;
  readonly #operator: LinearOperator | Skip;
  /** What each offer is one of. */
  readonly #methods = new Map<CandidateOffer, PricedMethod>();
  /** Why there is no offer. */
  #reason: Skip | undefined;

  constructor(node: Node, name: string, setting: SearchSetting) {
    this.node = node;
    this.#setting = setting;
    const operator = linearOperator(node, setting.workspace.context(undefined));
    if (operator === null) throw new Error(`${name} is no linear operator`);
    this.#operator = operator;
    this.offered = isSkip(operator)
      ? { name, cost: undefined, step: undefined, chosen: false, offers: [] }
      : { name, cost: operatorCost(operator), step: operatorStep(operator), ...this.#search(name, operator) };
  }

  /** Asks every method for its ranks, or takes those that were set by hand. */
  #search(name: string, operator: LinearOperator): Pick<NodeOffers, 'offers' | 'chosen'> {
    const { node } = this;
    const { policy, environment } = this.#setting;
    try {
      if (policy.allows(name)) return this.#offers(name, operator);
      this.#reason = skip(node, 'excluded', 'excluded by name');
    } catch (cause) {
      this.#reason = passFailure(node, name, cause, environment);
    }
    return { chosen: false, offers: [] };
  }

  #offers(name: string, operator: LinearOperator): Pick<NodeOffers, 'offers' | 'chosen'> {
    const { methods, workspace, policy, block } = this.#setting;
    const matches = matchMethods(operator, methods.values(), workspace);
    if (isSkip(matches)) {
      this.#reason = matches;
      return { chosen: false, offers: [] };
    }
    const priced = matches.map((match) => pricedMethod(operator, match, policy.requireGain));
    const given = ranksByHand(policy, name, priced);
    if (given) {
      const ranks = admittedRanks(given.match, given.ranks);
      if (!isSkip(ranks)) return { chosen: true, offers: [this.#offer(given.match, ranks)] };
      this.#reason = ranks;
      return { chosen: false, offers: [] };
    }
    const offers = priced.flatMap((method) =>
      rankGrid(method.decomposition, block, (ranks) => isWorthIt(method, ranks)).map((ranks) =>
        this.#offer(method, ranks),
      ),
    );
    return { chosen: false, offers };
  }

  #offer(method: PricedMethod, ranks: Ranks): CandidateOffer {
    const offer = { method: method.pass, ranks, cost: method.cost(ranks), steps: method.steps(ranks) };
    this.#methods.set(offer, method);
    return offer;
  }

  /**
   * Errors of those that are wanted, on what data show of the node. Nothing is asked of the visit any more once this
   * resolves; the errors may still be on their way then.
   */
  async estimated(visit: Visit, wantedOf: WantedOf): Promise<{ readonly ways: Promise<NodeCandidates> }> {
    const operator = this.#operator;
    const { chosen, offers } = this.offered;
    const wanted = chosen || isSkip(operator) ? offers : offers.filter(wantedOf(this.offered));
    const seen = isSkip(operator) ? operator : (this.#reason ?? (await this.#seen(visit, operator, wanted)));
    const found = isSkip(seen) ? Promise.resolve(seen) : this.#candidates(visit, seen, wanted);
    return { ways: found.then((one) => this.#ways(visit, one)) };
  }

  #ways({ name, node, original }: Visit, found: readonly Candidate[] | Skip): NodeCandidates {
    const { workspace, methods, policy } = this.#setting;
    const { cost, step, chosen } = this.offered;
    const operator = isSkip(this.#operator) ? undefined : this.#operator;
    const reason = isSkip(found) ? found : undefined;
    return {
      kept: keptEntry(name, node, operator, reason, original),
      ...{ cost, step, chosen: chosen && !reason, candidates: isSkip(found) ? [] : found },
      without: (gone, kept) => operator && waysWithout(operator, gone, kept, methods, workspace, policy),
    };
  }

  /** What is fetched of a node that has something to estimate. */
  async #seen(
    { node, name, observation }: Visit,
    operator: LinearOperator,
    wanted: readonly CandidateOffer[],
  ): Promise<RankedNode | Skip> {
    const { environment } = this.#setting;
    const kernel = readKernel(operator);
    if (isSkip(kernel)) return kernel;
    if (wanted.length === 0) return noGain(node);
    const moments = await guarded({ node, name }, environment, () => observedMoments(name, observation));
    if (isSkip(moments)) return moments;
    const target = () => observedTarget(kernel, moments, environment.blas);
    return { name, kernel, end: undefined, calibration: observation?.calibration, target };
  }

  async #candidates(
    visit: Visit,
    ranked: RankedNode,
    offers: readonly CandidateOffer[],
  ): Promise<readonly Candidate[] | Skip> {
    const { environment } = this.#setting;
    const methods = [...new Set(offers.map((offer) => this.#methods.get(offer) as PricedMethod))];
    const spaces = nodeSpaces(ranked, methods, environment, new FitCache());
    const estimates: Promise<readonly Candidate[] | Skip>[] = [];
    for (const [place, method] of methods.entries()) {
      const own = offers.filter((offer) => this.#methods.get(offer) === method);
      const estimated = guarded(visit, environment, () => estimate(spaces[place] as MethodSpace, own));
      estimates.push(estimated);
      // On one thread all at once would only hold the arrays of all.
      if (!environment.curves) await estimated;
    }
    const found = await Promise.all(estimates);
    const candidates = found.flatMap((own) => (isSkip(own) ? [] : own));
    return candidates.length > 0 ? candidates : (found.filter(isSkip).at(-1) ?? noGain(visit.node));
  }
}

function noGain(node: Node): Skip {
  return skip(node, 'no-gain', 'no method saves anything at any rank');
}

async function estimate(space: MethodSpace, offers: readonly CandidateOffer[]): Promise<readonly Candidate[]> {
  const errors = await space.errors(offers.map(({ ranks }) => ranks));
  return offers.map((offer, place) => ({ ...offer, error: (errors[place] as number) ** 2 }));
}

/** A pass that breaks down takes nothing but its own candidates with it. */
export async function guarded<Result>(
  { node, name }: Pick<Visit, 'node' | 'name'>,
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
