import { channelGroups, type Removal, removableUnits, removeChannels, zeroChannels } from '../../src/channels/index.ts';
import { cloneModel, type Model } from '../../src/ir/index.ts';
import { inferShapes, writeModel } from '../../src/onnx/index.ts';
import type { Runtime } from '../../src/runtime/index.ts';
import { exactEquivalence, isUnjudged } from '../../src/validate/index.ts';

/** Which units should go, of those that can: by group and place in it. */
export type Wish = (unit: number, place: number, size: number) => boolean;

export interface ZeroedAndPruned {
  /** The model with the filters of the removed units set to zero. */
  readonly zeroed: Model;
  readonly pruned: Model;
  readonly removal: Removal;
}

/** Analyses of the same model give the same units, so that two copies can be cut alike. */
export function zeroedAndPruned(model: Model, wish: Wish): ZeroedAndPruned {
  const [zeroed, pruned] = [cloneModel(model).model, cloneModel(model).model];
  const groups = channelGroups(pruned, inferShapes(pruned));
  const wanted = groups.groups
    .filter(({ frozen }) => !frozen)
    .flatMap(({ units }) => units.filter((unit, place) => wish(unit, place, units.length)));
  const chosen = removableUnits(groups, wanted);
  zeroChannels(channelGroups(zeroed, inferShapes(zeroed)), chosen);
  return { zeroed, pruned, removal: removeChannels(groups, chosen) };
}

/** The error, over the tolerance that rounding explains; undefined where rounding alone decides the outputs. */
export async function errorOverTolerance(
  runtime: Runtime,
  reference: Model,
  pruned: Model,
  samples = 1,
): Promise<number | undefined> {
  const equal = await exactEquivalence(runtime, writeModel(reference), writeModel(pruned), { samples });
  if (isUnjudged(equal)) {
    if (equal.reason.startsWith('rounding alone')) return undefined;
    throw new Error(equal.reason);
  }
  return equal.maxRelativeError / equal.tolerance;
}
