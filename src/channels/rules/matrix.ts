import { blurred, type ChannelAxis } from '../channel-axis.ts';
import type { Filters, Kernel } from '../kernel.ts';
import type { Axes, Site } from '../site.ts';
import { madeBy } from './convolution.ts';

/** Gemm makes channels on its last axis and reads them where A has its columns; rows of A go through. */
export function gemm(site: Site): void {
  const { node } = site;
  const transposed = node.int('transA', 0) !== 0;
  const weight = site.constant(1);
  const [rows, channels] = transposed ? [site.axis(0, 1), site.axis(0, 0)] : [site.axis(0, 0), site.axis(0, 1)];
  site.freeze(rows, 'mixes-channels', 'has them as rows');
  const hasBias = Boolean(node.inputs[2]);
  const bias = hasBias ? site.constant(2) : undefined;
  if (!weight || (hasBias && !bias)) {
    site.freezeFilters(1, node.int('transB', 0) === 0 ? 1 : 0, 1);
    return;
  }
  const inputsFirst = node.int('transB', 0) === 0;
  const outputs = weight.dims[inputsFirst ? 1 : 0] ?? 0;
  // A bias for each row or one number for all could not be folded into, nor be cut.
  if (
    bias &&
    (bias.dims.at(-1) !== outputs || bias.dims.some((size, axis) => size !== 1 && axis !== bias.dims.length - 1))
  ) {
    site.freezeInputs('not-legal', 'has a bias that is not one number per output');
    return;
  }
  makeMatrix(site, {
    ...{ input: 0, weight: 1, inputAxis: transposed ? 0 : 1, reads: channels, outputRank: 2, outputAxis: 1 },
    ...{ inputsFirst, bias: 2, alpha: node.float('alpha', 1), beta: node.float('beta', 1) },
  });
}

/** MatMul with a constant matrix: on the right it makes the last axis, on the left the last but one; others go through. */
export function matMul(site: Site): void {
  const [left, right] = [site.constant(0), site.constant(1)];
  const onTheRight = right !== undefined;
  const [input, weight] = onTheRight ? [0, 1] : [1, 0];
  const matrix = right ?? left;
  const rank = site.shape(input)?.length;
  if (!matrix || (left && right) || matrix.dims.length !== 2 || rank === undefined || rank < 2) {
    site.freezeInputs('weight-not-constant', 'does not multiply with one constant matrix');
    return;
  }
  const axis = onTheRight ? rank - 1 : rank - 2;
  makeMatrix(site, {
    ...{ input, weight, inputAxis: axis, reads: site.axis(input, axis), outputRank: rank, outputAxis: axis },
    ...{ inputsFirst: onTheRight, bias: undefined, alpha: 1, beta: 1 },
  });
}

interface MatrixUse {
  readonly input: number;
  readonly weight: number;
  readonly inputAxis: number;
  readonly reads: ChannelAxis | undefined;
  readonly outputRank: number;
  readonly outputAxis: number;
  readonly inputsFirst: boolean;
  readonly bias: number | undefined;
  readonly alpha: number;
  readonly beta: number;
}

function makeMatrix(site: Site, use: MatrixUse): void {
  const { node } = site;
  const { inputsFirst, reads, inputAxis, outputAxis } = use;
  const weight = site.constant(use.weight);
  const [source, output] = [node.inputs[use.input], node.outputs[0]];
  const bias = use.bias === undefined ? undefined : site.constant(use.bias);
  const [rows = 0, columns = 0] = weight?.dims ?? [];
  const [inputs, outputs] = inputsFirst ? [rows, columns] : [columns, rows];
  if (!weight || !source || !output || (reads && reads.atoms.length !== inputs)) {
    site.freezeInputs('not-legal', 'has a matrix that does not fit its input');
    return;
  }
  const kernel: Kernel = { groups: 1, outputs, inputs, inner: 1, inputsFirst };
  const makes: ChannelAxis = { atoms: site.fresh(outputs), constants: (world) => madeBy(filters, world) };
  const filters: Filters = {
    ...{ node, kernel, weightIndex: use.weight, weight, biasIndex: use.bias, bias, alpha: use.alpha, beta: use.beta },
    ...{ input: source, inputAxis, reads, output, outputAxis, makes, uniform: true, wholeGroups: false },
  };
  site.filters(filters);
  const through: Axes = Array.from({ length: use.outputRank }, (_, axis) => site.axis(use.input, axis));
  // Channels that go through carry no constant: the matrix mixes what stands beside them.
  site.setAxes(
    0,
    through.map((axis, index) =>
      index === outputAxis ? makes : index === inputAxis ? undefined : axis && blurred(axis),
    ),
  );
  site.cut(use.weight, inputsFirst ? 1 : 0, makes);
  if (reads) site.cut(use.weight, inputsFirst ? 0 : 1, reads, true);
  if (bias && use.bias !== undefined) site.cut(use.bias, bias.dims.length - 1, makes);
}
