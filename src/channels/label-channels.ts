import { captures, type Model, type Node, type Value } from '../ir/index.ts';
import type { ShapeInfo } from '../onnx/index.ts';
import { fixed } from './atoms.ts';
import { range } from './channel-axis.ts';
import { Draft } from './draft.ts';
import { type Frozen, frozenBy } from './reason.ts';
import { type ChannelRule, channelRules, readsAllInputs } from './rules/index.ts';
import { movesCounts } from './rules/shape.ts';
import { type Axes, Site } from './site.ts';

/** One walk over the graph: every node's rule labels its outputs and couples what must go together. */
export function labelChannels(model: Model, shapes: ShapeInfo): Draft {
  const draft = new Draft(model, shapes);
  const opset = model.opset() ?? 1;
  const named = new Set(model.functions.map(({ domain, name }) => `${domain === 'ai.onnx' ? '' : domain}::${name}`));
  for (const node of draft.nodes) {
    const site = new Site(node, opset, draft);
    const isKnown = node.domain === '' && !named.has(`::${node.opType}`);
    const rule = isKnown ? channelRules.get(node.opType) : undefined;
    if (node.subgraphs.length > 0) freezeCaptures(node, draft);
    if (rule && movesCounts(site)) continue;
    if (!rule) site.freezeInputs('unknown-operator', 'is an operator whose channels are not known');
    else if (hasFixedParameters(site, rule)) rule(site);
    followCounts(site, draft);
  }
  freezeInterface(draft);
  agreeOnShared(draft);
  return draft;
}

/**
 * Most operators read channels from their first input alone; the others say how, and must not be channels themselves, nor
 * be left to the caller.
 */
function hasFixedParameters(site: Site, rule: ChannelRule): boolean {
  if (readsAllInputs.has(rule)) return true;
  const parameters = range(1, site.node.inputs.length);
  site.freezeInputs('mixes-channels', 'reads them as parameters', parameters);
  const overridable = parameters.some((index) => site.isOverridable(index));
  if (overridable) site.freezeInputs('weight-not-constant', 'has parameters that a graph input may replace');
  return !overridable;
}

/** Channels of a value, and those whose number it depends on. */
function channelsBehind(value: Value, { axes, counts, dependents }: Draft): Axes {
  return [...(axes.get(value) ?? []), ...(counts.get(value) ?? []), ...(dependents.get(value) ?? [])];
}

function freezeCaptures(node: Node, draft: Draft): void {
  for (const value of [...captures(node), ...node.inputs]) {
    for (const axis of value ? channelsBehind(value, draft) : [])
      if (axis) draft.atoms.freeze(axis.atoms, frozenBy(node, 'subgraph', 'reads them in a subgraph'));
  }
}

/**
 * Numbers computed from channel counts, where the node's rule does not see to them: arithmetic on sizes passes them on, any
 * other reader needs them as they are.
 */
function followCounts(site: Site, draft: Draft): void {
  const { node } = site;
  const counted = [...node.inputs.keys()].flatMap((index) => (site.isAbsorbed(index) ? [] : site.countedBy(index)));
  if (counted.length === 0) return;
  const arithmetic = node.outputs.every((value) => !value || draft.shapes.dataOf(value) !== undefined);
  if (arithmetic) for (const index of node.outputs.keys()) site.setDependent(index, counted);
  else for (const axis of counted) site.freeze(axis, 'shape-computed', 'computes with their number');
}

/** Outputs never change; nor do the constants among them. */
function freezeInterface(draft: Draft): void {
  const { graph, cuts, atoms } = draft;
  for (const value of graph.outputs) {
    const reason: Frozen = { code: 'graph-output', text: `${value.name} is a graph output`, node: undefined };
    for (const axis of channelsBehind(value, draft)) if (axis) atoms.freeze(axis.atoms, reason);
    for (const { constant, channels } of cuts) if (constant.value === value) atoms.freeze(channels.atoms, reason);
  }
}

/**
 * A matrix or kernel that several nodes read is cut for all of them alike, or not at all: a second copy would cost what
 * the removal saves. Vectors are cheap, and each reader gets its own.
 */
function agreeOnShared({ cuts, atoms }: Draft): void {
  const shared = cuts.filter(({ constant }) => constant.value.uses.size > 1 && !isVector(constant.dims));
  for (const first of shared) {
    const alike = shared.filter(({ constant, axis }) => constant === first.constant && axis === first.axis);
    const reason = frozenBy(
      first.node,
      'weight-shared',
      `reads ${first.constant.value.name}, which others read as it is`,
    );
    if (alike.length < first.constant.value.uses.size) atoms.freeze(first.channels.atoms, reason);
    for (const { channels } of alike)
      channels.atoms.forEach((atom, i) => {
        atoms.couple(atom, first.channels.atoms[i] ?? fixed, () => reason);
      });
  }
}

function isVector(dims: readonly number[]): boolean {
  return dims.filter((dim) => dim > 1).length <= 1;
}
