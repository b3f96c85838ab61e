import type { FactorizePass } from '../pass/index.ts';
import type { Stage } from './pipeline.ts';

/** Factorize passes of a pipeline by the names that plans know them by, in its order. */
export type Methods = ReadonlyMap<string, Stage<FactorizePass>>;

export function methodsOf(stages: readonly Stage[]): Methods {
  return new Map(
    stages.flatMap(({ pass, options }) => (pass.kind === 'factorize' ? [[pass.name, { pass, options }] as const] : [])),
  );
}
