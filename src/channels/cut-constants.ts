import { type Node, Tensor } from '../ir/index.ts';
import type { Constant } from './constant.ts';
import { cutTensor } from './cut-tensor.ts';
import type { Cut, Draft } from './draft.ts';
import type { Filters } from './kernel.ts';
import type { Surgeon } from './surgeon.ts';
import type { Weights } from './weights.ts';

/** Writes every constant that loses elements, or whose numbers changed; alike ones once. */
export function cutConstants(draft: Draft, weights: Weights, surgeon: Surgeon): void {
  const tensors = changedTensors(weights, surgeon);
  const written = new Map<
    string,
    { constant: Constant; kept: Kept; uses: [Node, number][]; tensor: Tensor | undefined }
  >();
  const ids = new Map<unknown, number>();
  const idOf = (item: unknown) => {
    const id = ids.get(item) ?? ids.size;
    ids.set(item, id);
    return id;
  };
  for (const { node, index, constant, cuts } of usesOf(draft.cuts)) {
    const kept: Kept = new Map(
      cuts
        .filter(({ channels }) => surgeon.loses(channels))
        .map(({ axis, channels }) => [axis, surgeon.kept(channels)]),
    );
    const tensor = tensors.get(node)?.get(index);
    tensors.get(node)?.delete(index);
    if (kept.size === 0 && !tensor) continue;
    const key = JSON.stringify([idOf(constant.value), idOf(tensor ?? constant), [...kept]]);
    const entry = written.get(key) ?? { constant, kept, uses: [], tensor };
    entry.uses.push([node, index]);
    written.set(key, entry);
  }
  if ([...tensors.values()].some(({ size }) => size > 0)) throw new Error('changed weights that nothing cuts');
  for (const { constant, kept, uses, tensor } of written.values()) {
    const dims = constant.dims.map((size, axis) => kept.get(axis)?.length ?? size);
    if (constant.filler && !tensor) surgeon.setFilled(uses, constant.filler.node, dims);
    else surgeon.setTensors(uses, cutTensor(tensor ?? constant.tensor(), kept));
  }
}

type Kept = ReadonlyMap<number, readonly number[]>;

interface ConstantUse {
  readonly node: Node;
  readonly index: number;
  readonly constant: Constant;
  readonly cuts: Cut[];
}

function usesOf(cuts: readonly Cut[]): readonly ConstantUse[] {
  const uses = new Map<Node, Map<number, ConstantUse>>();
  for (const cut of cuts) {
    const { node, index, constant } = cut;
    const ofNode = uses.get(node) ?? new Map<number, ConstantUse>();
    uses.set(node, ofNode);
    const use = ofNode.get(index) ?? { node, index, constant, cuts: [] };
    ofNode.set(index, use);
    use.cuts.push(cut);
  }
  return [...uses.values()].flatMap((ofNode) => [...ofNode.values()]);
}

/** New numbers by node and input; biases that were not there before are written at once. */
function changedTensors(weights: Weights, surgeon: Surgeon): ReadonlyMap<Node, Map<number, Tensor>> {
  const found = new Map<Node, Map<number, Tensor>>();
  for (const filters of weights.changed) {
    const [weight, bias] = [weights.weightOf(filters), weights.biasOf(filters)];
    const ofNode = new Map<number, Tensor>();
    found.set(filters.node, ofNode);
    if (weight) ofNode.set(filters.weightIndex, weight);
    if (!bias) continue;
    if (filters.biasIndex !== undefined && filters.bias) ofNode.set(filters.biasIndex, bias);
    else addBias(filters, bias, surgeon);
    if (filters.beta === 0) surgeon.setFloat(filters.node, 'beta', 1);
  }
  return found;
}

function addBias({ node, makes, biasIndex, kernel }: Filters, bias: Tensor, surgeon: Surgeon): void {
  const cut = cutTensor(bias, new Map([[0, surgeon.kept(makes)]]));
  if (biasIndex !== undefined) {
    surgeon.setTensors([[node, biasIndex]], cut);
    return;
  }
  // A matrix on the left makes the last axis but one.
  const dims = kernel.inputsFirst ? cut.dims : [...cut.dims, 1];
  surgeon.addAfter(node, new Tensor(cut.dtype, dims, cut.source));
}
