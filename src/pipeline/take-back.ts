import { diagnostics } from '../diagnostics.ts';
import { type Plan, type PlanNode, plannedNodes, type Rewrites } from '../rewrite/index.ts';
import { calibrateTimeModel } from '../timing/index.ts';
import type { Decision } from './decide.ts';
import { finishModel } from './output-model.ts';
import { type Rewritten, rewrite } from './rewritten.ts';
import type { Run } from './run.ts';
import { type ResolvedPipeline, withoutPruning } from './stages.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface Finished extends Rewritten {
  readonly plan: Decision['plan'];
  readonly verdict: Verdict;
}

/** A model this little slower is as fast: what two measurements of the same model differ by. */
const slowdown = 0.97;

/**
 * Never slower: where the finished model takes more time than the original, filters that went because they do nothing stay
 * first: what is left of a group may fit the SIMD width worse. Then nodes whose rewrite does not pay by measurement stay as
 * they were, and where that is not enough all do, with all their filters. Never larger: where nobody named a goal and the
 * file has grown, no node is rewritten; then, where what else was done made the file no smaller, the model stays byte for byte.
 */
export async function takeBack(run: Run, decision: Decision, first: Finished): Promise<Finished> {
  let finished = first;
  let { pipeline } = decision;
  const retry = async (plan: Plan, blame: (node: PlanNode) => string | undefined = () => undefined) => {
    finished = await again(run, { ...decision, pipeline }, { ...plan, pipeline: pipeline.text }, blame);
  };
  if (isSlower(finished) && finished.plan.pruned.length === 0 && losesFilters(finished)) {
    pipeline = withoutPruning(pipeline);
    await retry(finished.plan);
    warn(run, slower, 'filters that do nothing stay');
  }
  if (isSlower(finished)) {
    const slow = await slowNodes(run, pipeline, finished.plan);
    const chosen = finished.plan.nodes.filter(({ method }) => method !== null);
    // Where no node is to blame alone, all are.
    const names = new Map(slow.size > 0 ? slow : chosen.map(({ name }) => [name, slowAsAWhole]));
    await retry(finished.plan, (node) => names.get(node.name));
    if (isSlower(finished)) {
      pipeline = withoutPruning(pipeline);
      await retry(unpruned(finished.plan), () => slowAsAWhole);
    }
    warn(run, slower, `${names.size} of ${chosen.length} rewritten nodes were taken back`);
  }
  if (decision.goal === undefined && finished.output.byteLength > run.loaded.byteLength && rewritesNodes(finished)) {
    await retry(finished.plan, () => 'the file was larger than before');
    warn(run, larger, 'all rewritten nodes were taken back');
  }
  return isNothing(run, finished) ? asItCame(run, finished) : finished;
}

/** What a model was, and what helps. */
const slower = [
  'slower than the original on this machine',
  'With --target latency ranks are chosen by measured time',
] as const;
const larger = [
  'larger than the original',
  'With --max-drop or --max-error it may be, where that makes it faster',
] as const;

const slowAsAWhole = 'the model as a whole was slower';

function losesFilters({ applied: { groups } }: Finished): boolean {
  return groups !== undefined && groups.pruned.length > 0;
}

/** The original, byte for byte. */
function asItCame({ model, options }: Run, finished: Finished): Finished {
  if (options.freezeInputs || !finished.applied.changed) return finished;
  const { groups } = finished.applied;
  return {
    ...finished,
    applied: { ...finished.applied, model, changed: false, groups: groups && { ...groups, pruned: [] } },
    output: finishModel(model, false),
    verdict: { ...finished.verdict, benchmark: null },
  };
}

function isSlower({ verdict: { benchmark } }: Finished): boolean {
  return benchmark !== null && (benchmark.ratio < slowdown || benchmark.ci95[1] < 1);
}

/** No node was rewritten, and what else was done made the file no smaller. */
function isNothing({ loaded }: Run, { applied, output }: Finished): boolean {
  return !rewritesNodes({ applied }) && output.byteLength >= loaded.byteLength;
}

function rewritesNodes({ applied: { nodes } }: Pick<Finished, 'applied'>): boolean {
  return nodes.some(({ skipped }) => skipped === null);
}

/** By name, what a node took before and takes now, where that is more. */
async function slowNodes(
  { model, resources, cache, policy, options: { threads = 1, device = 'cpu' } }: Run,
  pipeline: ResolvedPipeline,
  rewrites: Rewrites,
): Promise<ReadonlyMap<string, string>> {
  const planned = plannedNodes(model, pipeline.steps, rewrites, policy, resources.environment);
  const chains = planned.flatMap(({ before, after }) => [[before], after]);
  const times = await calibrateTimeModel(await resources.runtime(), chains, {
    threads,
    device,
    cache,
    perFamily: chains.length,
    most: chains.length,
  });
  return new Map(
    planned.flatMap(({ name, before, after }) => {
      const [was, is] = [times?.milliseconds([before]), times?.milliseconds(after)];
      if (was === undefined || is === undefined || is < was) return [];
      return [[name, `it would take ${is.toPrecision(3)} ms, and takes ${was.toPrecision(3)} ms`] as const];
    }),
  );
}

/** @param blame why a node is to stay; undefined where it is not */
async function again(
  run: Run,
  { pipeline, data }: Decision,
  plan: Plan,
  blame: (node: PlanNode) => string | undefined,
): Promise<Finished> {
  const nodes = plan.nodes.map((node) => {
    const text = node.method === null ? undefined : blame(node);
    return text === undefined ? node : keep(node, text);
  });
  const revised = { ...plan, nodes };
  const rewritten = await rewrite(run, pipeline, revised, { calibration: data?.calibration });
  const verdict = await verdictOf(run, rewritten.applied, rewritten.output, data);
  return { ...rewritten, plan: revised, verdict };
}

/** No filters go. */
function unpruned(plan: Plan): Plan {
  const whole = (cost: PlanNode['cost']) => cost && { before: cost.before, after: cost.before };
  return { ...plan, pruned: [], nodes: plan.nodes.map((node) => ({ ...node, cost: whole(node.cost) })) };
}

function keep(node: PlanNode, text: string): PlanNode {
  const { cost } = node;
  return {
    ...node,
    method: null,
    ranks: null,
    rankSource: null,
    cost: cost && { ...cost, after: cost.pruned ?? cost.before },
    weightError: null,
    outputError: null,
    skipped: { code: 'slower', text },
  };
}

function warn({ options }: Run, [was, hint]: typeof slower | typeof larger, text: string): void {
  const diagnostic = diagnostics.warning('taken-back', `the model was ${was}: ${text}`, undefined, hint);
  options.onEvent?.({ kind: 'warning', diagnostic });
}
