import { type Dim, type Model, type Node, type Value, verifyModel } from '../ir/index.ts';
import { inferShapes, type ShapeInfo } from '../onnx/index.ts';
import type { World } from './channel-axis.ts';
import type { ChannelGroups } from './channel-groups.ts';
import { cutConstants } from './cut-constants.ts';
import { foldConstants } from './fold-constants.ts';
import { removableUnits } from './removable.ts';
import { Surgeon } from './surgeon.ts';
import { Weights } from './weights.ts';
import { zeroUnits } from './zero-units.ts';

export interface RemovalOptions {
  /**
   * `zeroed` (default): the result equals the model with the filters and biases of all makers of these units set to zero.
   * `natural`: it equals the model as it is; only units without obstacles in that world can go.
   */
  readonly world?: World['kind'];
  /** Units that another one, which stays, equals: see ChannelGroups. Their readers read that one instead. */
  readonly twins?: ReadonlyMap<number, number>;
  /** How shapes are inferred; by default from what the model declares. */
  readonly infer?: (model: Model) => ShapeInfo;
}

/** Channels of a linear operator that are left, all groups together, by their place before the removal. */
export interface KeptChannels {
  /** Undefined where all are. */
  readonly inputs: readonly number[] | undefined;
  readonly outputs: readonly number[] | undefined;
  /** Whether outputs that are left had read what is gone: not so where whole groups went. */
  readonly lostReads: boolean;
}

export interface Removal {
  readonly removed: ReadonlySet<number>;
  /** Units that were to go and stay, with zero filters, since they carry constants of others under zero padding. */
  readonly carriers: ReadonlySet<number>;
  /** Of the linear operators that lost any. */
  readonly kept: ReadonlyMap<Node, KeptChannels>;
}

/**
 * Removes units from the model that `groups` was made for, in place. All changes are known before the first is made; the
 * result is verified, and its shapes are inferred and compared with those that the removal promises.
 *
 * @param units none frozen, none with an obstacle, and not all of any axis: see removableUnits
 */
export function removeChannels(
  groups: ChannelGroups,
  units: ReadonlySet<number>,
  { world = 'zeroed', twins = new Map(), infer = inferShapes }: RemovalOptions = {},
): Removal {
  const { draft } = groups;
  const { model } = draft;
  if (removableUnits(groups, units, new Map()).size !== units.size)
    throw new Error('these channels cannot go together: one is frozen, or an axis would be left without any');
  const weights = new Weights();
  mergeTwins(groups, twins, weights);
  const others = new Set([...units].filter((unit) => !twins.has(unit)));
  const carriers = foldConstants(groups, others, world, weights);
  zeroUnits(groups, carriers, weights);
  const removed = new Set([...units].filter((unit) => !carriers.has(unit)));
  const surgeon = new Surgeon((atom) => atom !== 0 && removed.has(groups.unitOf(atom)), draft);
  cutConstants(draft, weights, surgeon);
  for (const edit of draft.edits) edit(surgeon);
  const promised = promisedShapes(groups, surgeon);
  const kept = keptChannels(groups, surgeon);
  surgeon.operate();
  for (const [value, shape] of promised)
    if (value.type?.kind === 'tensor' && value.type.shape) value.type = { ...value.type, shape };
  verifyModel(model);
  checkShapes(draft.shapes, promised, infer(model), model);
  return { removed, carriers, kept };
}

function keptChannels({ draft }: ChannelGroups, surgeon: Surgeon): ReadonlyMap<Node, KeptChannels> {
  const kept = new Map<Node, KeptChannels>();
  for (const { node, reads, makes, wholeGroups } of draft.filters) {
    const [loses, gives] = [surgeon.loses(reads), surgeon.loses(makes)];
    if (!loses && !gives) continue;
    kept.set(node, {
      inputs: loses && reads ? surgeon.kept(reads) : undefined,
      outputs: gives ? surgeon.kept(makes) : undefined,
      lostReads: loses && !wholeGroups,
    });
  }
  return kept;
}

/** Adds what is read of a twin to what is read of the unit that stands for it, place by place. */
function mergeTwins({ draft, unitOf }: ChannelGroups, twins: ReadonlyMap<number, number>, weights: Weights): void {
  if (twins.size === 0) return;
  for (const filters of draft.filters) {
    if (!filters.reads || filters.wholeGroups) continue;
    const places = new Map<number, number[]>();
    filters.reads.atoms.forEach((atom, position) => {
      places.set(unitOf(atom), [...(places.get(unitOf(atom)) ?? []), position]);
    });
    for (const [unit, twin] of twins)
      for (const [i, position] of (places.get(unit) ?? []).entries())
        weights.addColumn(filters, position, places.get(twin)?.[i] ?? -1, 1);
  }
}

type Sizes = ReadonlyMap<Value, readonly Dim[]>;

/** Shapes of the values that lose channels. */
function promisedShapes({ draft }: ChannelGroups, surgeon: Surgeon): Sizes {
  const promised = new Map<Value, readonly Dim[]>();
  for (const [value, axes] of draft.axes) {
    if (!axes.some((axis) => surgeon.loses(axis))) continue;
    const before = draft.shapes.shapeOf(value) ?? axes.map(() => undefined);
    promised.set(
      value,
      before.map((size, index) => {
        const axis = axes[index];
        return axis ? surgeon.count(axis) : size;
      }),
    );
  }
  return promised;
}

/** Declared shapes follow; what inference says of the new model must be what was promised, and nothing else may change. */
function checkShapes(before: ShapeInfo, promised: Sizes, after: ShapeInfo, model: Model): void {
  for (const node of model.graph.nodes)
    for (const value of node.outputs) {
      if (!value) continue;
      const [wanted, found] = [promised.get(value) ?? before.shapeOf(value), after.shapeOf(value)];
      if (!wanted || !found) continue;
      const same = (size: Dim, index: number) =>
        size === wanted[index] || typeof size !== 'number' || typeof wanted[index] !== 'number';
      if (found.length !== wanted.length || !found.every(same))
        throw new Error(`removing channels left ${value.name} as [${found.join()}] instead of [${wanted.join()}]`);
    }
}
