// Conv kh×kw: W[t,s,k1,k2] = Σ U[t,R3] H2[R3,R2,k2] H1[R2,R1,k1] V[R1,s]
//   →  Conv(1×1, S→R1) · Conv(kh×1, R1→R2) · Conv(1×kw, R2→R3) · Conv(1×1, R3→T)
import { calibratedTrain, tensorTrain } from 'onnx-tucker/numerics';
import { calibratedSweeps, type Decomposition, definePass, type LinearOperator, type Ranks } from 'onnx-tucker/pass';
import { z } from 'zod';

export default definePass({
  name: 'tensor-train',
  kind: 'factorize',
  summary: 'split a kh×kw Conv into 1×1, kh×1, 1×kw and 1×1 (TT-SVD)',
  reference: 'doi:10.1137/090752286',
  options: z.strictObject({}),
  match(operator) {
    if (operator.kernelShape.every((size) => size === 1)) return null;
    return trainDecomposition(operator);
  },
});

function trainDecomposition({ outputs, inputs, kernelShape }: LinearOperator): Decomposition {
  const modes = [inputs, ...kernelShape];
  const after = modes.map((_, mode) => modes.slice(mode + 1).reduce((product, size) => product * size, outputs));
  const before = modes.map((_, mode) => modes.slice(0, mode + 1).reduce((product, size) => product * size, 1));
  const names = modes.map((_, mode) => `R${mode + 1}`);
  const cars = kernelShape.map((_, axis) => ({
    name: `H${axis + 1}`,
    from: names[axis] as string,
    to: names[axis + 1] as string,
    spatial: `k${axis + 1}`,
  }));
  const last = names.at(-1) as string;
  return {
    axes: names.map((name, mode) => ({
      name,
      max: Math.min(before[mode] as number, after[mode] as number),
      unfoldings: [['s', ...kernelShape.slice(0, mode).map((_, axis) => `k${axis + 1}`)]],
    })),
    factors: [
      { name: 'V', indices: ['g', 'R1', 's'] },
      ...cars.map(({ name, from, to, spatial }) => ({ name, indices: ['g', to, from, spatial] })),
      { name: 'U', indices: ['g', 't', last] },
    ],
    chain: [
      { factor: 'V', to: ['g', 'R1'] },
      ...cars.map(({ name, to, spatial }) => ({ factor: name, to: ['g', to], spatial: [spatial] })),
      { factor: 'U', to: ['g', 't'] },
    ],
    clamp: (ranks) => clampAlong(ranks, names, modes, after),
    fit(kernel, ranks, { blas, signal, metric, effort }) {
      const along = names.map((name) => ranks[name] ?? 1);
      return metric
        ? calibratedTrain(kernel, along, { blas, signal, metric, sweeps: calibratedSweeps(effort) })
        : tensorTrain(kernel, along, blas);
    },
  };
}

/** Along the train a rank is at most the rank before it times the mode between, and what remains behind it. */
function clampAlong(ranks: Ranks, names: readonly string[], modes: readonly number[], after: readonly number[]): Ranks {
  let reached = 1;
  const clamped = names.map((name, mode) => {
    reached = Math.min(ranks[name] ?? 1, reached * (modes[mode] as number), after[mode] as number);
    return [name, reached] as const;
  });
  return Object.fromEntries(clamped);
}
