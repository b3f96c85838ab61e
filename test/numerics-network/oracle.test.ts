import { describe, expect, test } from '@jest/globals';
import { plainBlas as blas, contract, frobeniusNorm, tucker2 } from '../../src/numerics/index.ts';
import { cpCases, expectAtMostParafac, readOracle } from './cp-oracle.ts';
import { relativeDifference, tuckerNetwork } from './networks.ts';
import { type KernelRecipe, oracleKernel } from './oracle-kernel.ts';

interface TuckerCase extends KernelRecipe {
  readonly R3: number;
  readonly R4: number;
  readonly norm: number;
  readonly weightError: number;
}

describe('against tensorly', () => {
  test.each(readOracle<TuckerCase>('tucker.json'))(
    'tucker-2 is at most 1e-6 above the error of partial_tucker: [$dims] at $R4, $R3',
    async ({ R3, R4, norm, weightError, ...recipe }) => {
      const kernel = oracleKernel(recipe);
      expect(frobeniusNorm(kernel.data) / norm).toBeCloseTo(1, 12);
      const { factors } = await tucker2(kernel, { R3, R4 }, { blas });
      const { data } = await contract(tuckerNetwork(kernel.dims, { R3, R4 }), factors, blas);
      expect(relativeDifference(data, kernel.data)).toBeLessThanOrEqual(weightError * (1 + 1e-6));
    },
  );

  test.each(cpCases('small'))(
    'cp is at most 1e-6 above the better error of parafac: [$dims] at $R, $form',
    expectAtMostParafac,
  );
});
