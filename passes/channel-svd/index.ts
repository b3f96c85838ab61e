// Conv k×k: W[t,s,k] = Σ_R U[t,R] V[R,s,k]  →  Conv(k×k, S→R) · Conv(1×1, R→T)
import { definePass, splitDecomposition } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'channel-svd',
  kind: 'factorize',
  summary: 'split a k×k Conv into k×k with fewer outputs and 1×1',
  reference: 'arXiv:1505.06798',
  options: z.strictObject({}),
  match(operator) {
    if (operator.kernelShape.every((size) => size === 1)) return null;
    return splitDecomposition(
      operator,
      operator.kernelShape.map((_, axis) => axis),
    );
  },
});
