import { test } from '@jest/globals';

/** Suites that import this file take minutes; they run when ONNX_TUCKER_SLOW is set, as .ci/run does. */
export const slow = process.env['ONNX_TUCKER_SLOW'] !== undefined;
if (!slow) console.warn('skipped: slow tests (set ONNX_TUCKER_SLOW=1)');

export const slowTest = slow ? test : test.skip;
