import { type Dim, type Model, type Value, verifyModel } from '../ir/index.ts';
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
  /** How shapes are inferred; by default from what the model declares. */
  readonly infer?: (model: Model) => ShapeInfo;
}

export interface Removal {
  readonly removed: ReadonlySet<number>;
  /** Units that were to go and stay, with zero filters, since they carry constants of others under zero padding. */
  readonly carriers: ReadonlySet<number>;
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
  { world = 'zeroed', infer = inferShapes }: RemovalOptions = {},
): Removal {
  const { draft } = groups;
  const { model } = draft;
  if (removableUnits(groups, units, new Map()).size !== units.size)
    throw new Error('these channels cannot go together: one is frozen, or an axis would be left without any');
  const weights = new Weights();
  const carriers = foldConstants(groups, units, world, weights);
  zeroUnits(groups, carriers, weights);
  const removed = new Set([...units].filter((unit) => !carriers.has(unit)));
  const surgeon = new Surgeon((atom) => atom !== 0 && removed.has(groups.unitOf(atom)), draft);
  cutConstants(draft, weights, surgeon);
  for (const edit of draft.edits) edit(surgeon);
  const promised = promisedShapes(groups, surgeon);
  surgeon.operate();
  for (const [value, shape] of promised)
    if (value.type?.kind === 'tensor' && value.type.shape) value.type = { ...value.type, shape };
  verifyModel(model);
  checkShapes(draft.shapes, promised, infer(model), model);
  return { removed, carriers };
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
