import type { Cost, LinearOperator } from '../pass/index.ts';
import type { LoweredStep } from './lowering.ts';

/** What the policy `--require-gain` compares. */
export type RequireGain = 'params-or-macs' | 'params' | 'macs' | 'none';

/** Cost of the node as it stands. */
export function operatorCost(operator: LinearOperator): Cost {
  const weight = elements(operator.kernelShape) * operator.groups * operator.outputs * operator.inputs;
  return total(operator, [{ ...operator, weight }]);
}

/** Cost of the chain that would replace it. Strides make early steps dearer: a 1×1 before stride 2 runs on the input grid. */
export function chainCost(operator: LinearOperator, steps: readonly LoweredStep[]): Cost {
  return total(
    operator,
    steps.map((step) => ({ ...step, weight: elements(step.weightDims) })),
  );
}

type Priced = Pick<LinearOperator, 'opType' | 'inputSizes' | 'outputSizes' | 'strides'> & { readonly weight: number };

function total(operator: LinearOperator, parts: readonly Priced[]): Cost {
  const bias = operator.bias ? operator.groups * operator.outputs : 0;
  const params = parts.reduce((sum, part) => sum + part.weight, bias);
  const known = operator.inputSizes !== undefined && operator.outputSizes !== undefined;
  if (known) {
    const macs = parts.reduce((sum, part) => sum + part.weight * positions(part), 0);
    return { params, macs, macsUnit: 'sample' };
  }
  return { params, macs: perOutputPosition(operator, parts), macsUnit: 'position' };
}

/** Where a kernel applies: output positions, or input positions for a transposed convolution. */
function positions({ opType, inputSizes, outputSizes }: Priced): number {
  return elements((opType === 'ConvTranspose' ? inputSizes : outputSizes) ?? []);
}

/** Sizes large against the kernel: what matters is how far each step's grid is from the operator's output grid. */
function perOutputPosition(operator: LinearOperator, parts: readonly Priced[]): number {
  const transposed = operator.opType === 'ConvTranspose';
  const whole = elements(operator.strides);
  let done = 1;
  return parts.reduce((sum, part) => {
    const before = done;
    done *= elements(part.strides);
    const grid = transposed ? before / whole : whole / done;
    return sum + part.weight * grid;
  }, 0);
}

function elements(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

/** Whether `after` is worth the rewrite: by default params or MACs fall and neither rises. */
export function gains(before: Cost, after: Cost, policy: RequireGain): boolean {
  switch (policy) {
    case 'none':
      return true;
    case 'params':
      return after.params < before.params;
    case 'macs':
      return after.macs < before.macs;
    case 'params-or-macs':
      return (
        after.params <= before.params &&
        after.macs <= before.macs &&
        (after.params < before.params || after.macs < before.macs)
      );
  }
}
