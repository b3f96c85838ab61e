import { type Decomposition, type FactorizePass, isSkip, type LinearOperator, type Skip, skip } from '../pass/index.ts';
import type { Stage } from './pipeline.ts';
import type { Workspace } from './workspace.ts';

/** What one factorize pass could make of an operator. */
export interface MethodMatch {
  readonly pass: string;
  readonly decomposition: Decomposition;
}

export interface StageMatch extends MethodMatch {
  /** Of the pass, as the pipeline has them. */
  readonly options: unknown;
}

/** @returns at least one match, or the last reason why there is none */
export function matchMethods(
  operator: LinearOperator,
  methods: Iterable<Stage<FactorizePass>>,
  workspace: Workspace,
): readonly StageMatch[] | Skip {
  const matches: StageMatch[] = [];
  let reason: Skip = skip(operator.node, 'no-method', 'no factorize pass of the pipeline takes this operator');
  for (const { pass, options } of methods) {
    const decomposition = pass.match(operator, workspace.context(options));
    if (isSkip(decomposition)) reason = decomposition;
    else if (decomposition !== null) matches.push({ pass: pass.name, options, decomposition });
  }
  return matches.length > 0 ? matches : reason;
}
