// Conv 1×1 (or Gemm, MatMul): W[t,s] = Σ_R U[t,R] V[R,s]  →  V: S→R · U: R→T
import { definePass, splitDecomposition } from 'onnx-tucker/pass';
import { z } from 'zod';

/** Takes kernels of one position; stride and pads of a 1×1 Conv go to V, so that U works on the smaller grid. */
export default definePass({
  name: 'svd',
  kind: 'factorize',
  summary: 'split a 1×1 Conv, Gemm or MatMul in two by singular value decomposition',
  reference: 'arXiv:1404.0736',
  options: z.strictObject({}),
  match(operator) {
    if (operator.kernelShape.some((size) => size > 1)) return null;
    return splitDecomposition(
      operator,
      operator.kernelShape.map((_, axis) => axis),
    );
  },
});
