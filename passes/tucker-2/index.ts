// Conv k×k: W[t,s,k] = Σ U[t,R4] C[R4,R3,k] V[R3,s]  →  Conv(1×1, S→R3) · Conv(k×k, R3→R4) · Conv(1×1, R4→T)
import { calibratedTucker2, tucker2, tuckerErrors } from 'onnx-tucker/numerics';
import {
  calibratedSweeps,
  type Decomposition,
  definePass,
  type LinearOperator,
  type RankAxis,
  type Ranks,
} from 'onnx-tucker/pass';
import { z } from 'zod';

const options = z.strictObject({
  sides: z
    .enum(['both', 'input', 'output', 'auto'])
    .default('auto')
    .describe('which channel modes get a factor; auto leaves out the input mode of a stem (up to 4 inputs)'),
  sweeps: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(60)
    .describe(
      'most sweeps of HOOI; 0 keeps the HOSVD start. With calibration: an upper limit to what the effort asks for',
    ),
});

type Sides = 'both' | 'input' | 'output';

/** An image has 3 or 4 channels: a 1×1 on them costs more than it saves. */
const stemInputs = 4;

export default definePass({
  name: 'tucker-2',
  kind: 'factorize',
  summary: 'split a k×k Conv into 1×1, a small k×k core and 1×1',
  reference: 'arXiv:1511.06530',
  options,
  match(operator, { options: { sides, sweeps } }) {
    if (operator.kernelShape.every((size) => size === 1)) return null;
    const resolved = sides === 'auto' ? (operator.inputs <= stemInputs ? 'output' : 'both') : sides;
    return tuckerDecomposition(operator, resolved, sweeps);
  },
});

function tuckerDecomposition(
  { inputs, outputs, kernelShape }: LinearOperator,
  sides: Sides,
  sweeps: number,
): Decomposition {
  const spatial = kernelShape.map((_, axis) => `k${axis + 1}`);
  const taps = kernelShape.reduce((product, size) => product * size, 1);
  const onInput = sides !== 'output';
  const onOutput = sides !== 'input';
  const inner = { input: onInput ? 'R3' : 's', output: onOutput ? 'R4' : 't' };
  const axes: RankAxis[] = [
    ...(onInput ? [{ name: 'R3', max: inputs, unfoldings: [['s']] }] : []),
    ...(onOutput ? [{ name: 'R4', max: outputs, unfoldings: [['t']] }] : []),
  ];
  return {
    axes,
    factors: [
      ...(onOutput ? [{ name: 'U', indices: ['g', 't', 'R4'] }] : []),
      { name: 'C', indices: ['g', inner.output, inner.input, ...spatial] },
      ...(onInput ? [{ name: 'V', indices: ['g', 'R3', 's'] }] : []),
    ],
    chain: [
      ...(onInput ? [{ factor: 'V', to: ['g', 'R3'] }] : []),
      { factor: 'C', to: ['g', inner.output], spatial },
      ...(onOutput ? [{ factor: 'U', to: ['g', 't'] }] : []),
    ],
    clamp: (ranks) => clampToEachOther(ranks, inputs, outputs, taps),
    fit: (kernel, ranks, { blas, signal, metric, effort }) =>
      metric
        ? calibratedTucker2(kernel, ranks, { blas, signal, metric, sweeps: calibratedSweeps(effort, sweeps) })
        : tucker2(kernel, ranks, { blas, signal, maxSweeps: sweeps }),
    errors: async (kernel, ranks, { blas, metric }) => ({
      errors: await tuckerErrors(kernel, ranks, { blas, ...(metric && { metric }) }),
      shapeOnly: false,
    }),
  };
}

/** The core unfolded along one mode has no more rank than it has columns: R3 ≤ R4·K and R4 ≤ R3·K. */
function clampToEachOther(ranks: Ranks, inputs: number, outputs: number, taps: number): Ranks {
  const R3 = Math.min(ranks['R3'] ?? inputs, inputs, (ranks['R4'] ?? outputs) * taps);
  const R4 = Math.min(ranks['R4'] ?? outputs, outputs, R3 * taps);
  return { ...(ranks['R3'] !== undefined && { R3 }), ...(ranks['R4'] !== undefined && { R4 }) };
}
