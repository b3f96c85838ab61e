import { channelAlignment } from './step-work.ts';
import type { SizedStep } from './timed-step.ts';

type Chain = readonly SizedStep[];

/**
 * Some of the chains with one rank more, where that takes a step out of ONNX Runtime's blocked layout. Who asks for ranks in
 * whole blocks only would otherwise get a model that has never seen what 9 channels cost: a ResNet-20 at such ranks
 * took half as long again as a model without them predicted.
 *
 * @param count how many at most, spread over the chains
 */
export function unalignedChains(chains: readonly Chain[], count: number): readonly Chain[] {
  const variants = chains.flatMap((chain) => {
    const variant = oneMore(chain);
    return variant ? [variant] : [];
  });
  const every = Math.max(1, Math.ceil(variants.length / count));
  return variants.filter((_, i) => i % every === 0);
}

/** undefined for single operators, ranks that are not aligned already, and groups that are no ranks. */
function oneMore(chain: Chain): Chain | undefined {
  const inner = chain.slice(0, -1);
  if (inner.length === 0 || inner.some(({ outputs }) => outputs % channelAlignment !== 0)) return undefined;
  if (chain.some(({ groups, inputs, outputs }) => groups > 1 && (groups !== inputs || groups !== outputs)))
    return undefined;
  return chain.map((step, i) => {
    const inputs = step.inputs + (i === 0 ? 0 : 1);
    const outputs = step.outputs + (i === chain.length - 1 ? 0 : 1);
    return { ...step, inputs, outputs, groups: step.groups > 1 ? inputs : 1 };
  });
}
