import { describe, test } from '@jest/globals';
import { cpCases, expectAtMostParafac } from './cp-oracle.ts';

const slow = process.env['ONNX_TUCKER_SLOW'] !== undefined;
if (!slow) console.warn('skipped: the larger comparisons with parafac take minutes (set ONNX_TUCKER_SLOW=1)');

describe('against tensorly', () => {
  (slow ? test : test.skip).each(cpCases('large'))(
    'cp is at most 1e-6 above the better error of parafac: [$dims] at $R, $form',
    expectAtMostParafac,
    600_000,
  );
});
