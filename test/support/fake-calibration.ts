import { isSkip, readKernel } from '../../src/pass/index.ts';
import type { Calibration, OperatorPair } from '../../src/rewrite/index.ts';
import { correlatedRows, momentsOf, outputsOf } from '../numerics-calibrated/random-moments.ts';

/**
 * Calibration without data: every operator sees correlated rows of its own and gives what its kernel makes of them.
 *
 * @param onObserve told which node is asked for
 */
export function fakeCalibration(onObserve: (name: string) => void = () => {}): Calibration {
  return {
    mode: 'symmetric',
    effort: 'fast',
    open: async () => ({
      observe: async (pair) => {
        onObserve(pair.name);
        return momentsFor(pair);
      },
      close: async () => {},
    }),
  };
}

function momentsFor({ original }: OperatorPair) {
  const kernel = readKernel(original);
  if (isSkip(kernel)) throw new Error(kernel.text);
  const { dims } = kernel;
  const rows = 2 * dims.slice(2).reduce((product, size) => product * size, 1) + 8;
  const x = correlatedRows(dims, rows);
  return momentsOf(x, outputsOf({ data: Float64Array.from(kernel.data), dims }, x, rows), rows);
}
