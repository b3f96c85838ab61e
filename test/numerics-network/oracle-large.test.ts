import { describe } from '@jest/globals';
import { slowTest } from '../support/slow.ts';
import { cpCases, expectAtMostParafac } from './cp-oracle.ts';

describe('against tensorly', () => {
  slowTest.each(cpCases('large'))(
    'cp is at most 1e-6 above the better error of parafac: [$dims] at $R, $form',
    expectAtMostParafac,
    600_000,
  );
});
