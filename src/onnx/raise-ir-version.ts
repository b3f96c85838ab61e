import type { Model } from '../ir/index.ts';

/** From this version on an initializer need not be an input. */
const freeInitializers = 4;

/**
 * Makes room for new initializers in a model of IR 3 or older, where each must also be an input: the version becomes 4,
 * and initializers leave the list of inputs, since in IR 4 that would make overridable what was constant. The interface
 * (inputs without initializer, outputs) stays. Newer models stay as they are.
 */
export function raiseIrVersion(model: Model): void {
  if (model.irVersion >= freeInitializers) return;
  model.irVersion = freeInitializers;
  const { inputs, initializers } = model.graph;
  const interfaceInputs = inputs.filter((value) => !initializers.has(value));
  inputs.splice(0, inputs.length, ...interfaceInputs);
}
