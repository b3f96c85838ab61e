import { builtinPasses } from '../../passes/index.ts';
import { isSkip, type LinearOperator, type PassContext } from '../pass/index.ts';
import { type CurveJob, errorCurve } from '../rewrite/index.ts';
import { createBlas } from '../runtime/index.ts';

const blas = createBlas();
const { signal } = new AbortController();

/** Runs on a thread of its own: the error curve of a built-in pass. */
export async function curve({ pass: name, options, operator, kernel, ranks, ...job }: CurveJob) {
  const pass = builtinPasses.find((one) => one.name === name);
  // Built-in passes look at nothing but sizes and options.
  const decomposition =
    pass?.kind === 'factorize' ? pass.match(operator as LinearOperator, { options } as PassContext<unknown>) : null;
  if (decomposition === null || isSkip(decomposition)) throw new Error(`${name} does not take the operator`);
  return errorCurve(decomposition, kernel, ranks, { ...job, blas, signal });
}
