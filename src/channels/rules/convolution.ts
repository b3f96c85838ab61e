import type { ChannelAxis, World } from '../channel-axis.ts';
import { range } from '../channel-axis.ts';
import { type Filters, type Kernel, placeOf, tapSums } from '../kernel.ts';
import type { Site } from '../site.ts';

/**
 * Conv and ConvTranspose make channels on axis 1 and read some there.
 *
 * With groups, place s of every group goes at once, and so does place t; where a group has one input or one output
 * (depthwise, with any multiplier), whole groups go, inputs with outputs.
 */
export function convolution(site: Site): void {
  const { node } = site;
  const [output] = node.outputs;
  const [source] = node.inputs;
  const input = site.axis(0, 1);
  site.axes(0).forEach((axis, index) => {
    if (index !== 1) site.freeze(axis, 'mixes-channels', `slides over axis ${index}`);
  });
  const weight = site.constant(1);
  const hasBias = Boolean(node.inputs[2]);
  const bias = hasBias ? site.constant(2) : undefined;
  if (!weight || (hasBias && !bias)) {
    site.freezeFilters(1, node.is('Conv') ? 0 : undefined, 1);
    return;
  }
  const kernel = kernelOf(site, weight.dims);
  const reads = kernel && kernel.groups * kernel.inputs;
  if (!kernel || !output || !source || (input && input.atoms.length !== reads)) {
    site.freeze(input, 'not-legal', 'has a weight that does not fit its group or its input');
    return;
  }
  const wholeGroups = kernel.groups > 1 && (kernel.inputs === 1 || kernel.outputs === 1);
  const atoms = coupled(site, kernel, input, wholeGroups);
  const makes: ChannelAxis = { atoms, constants: (world) => madeBy(filters, world) };
  const filters: Filters = {
    ...{ node, kernel, weightIndex: 1, weight, biasIndex: 2, bias, alpha: 1, beta: 1, wholeGroups, makes },
    ...{ input: source, inputAxis: 1, reads: input, output, outputAxis: 1 },
    uniform: isUniform(site, kernel),
  };
  site.filters(filters);
  site.setAxes(
    0,
    weight.dims.map((_, axis) => (axis === 1 ? makes : undefined)),
  );
  cutWeights(site, filters);
}

/** New atoms for the outputs, coupled as the groups ask for. */
function coupled(site: Site, kernel: Kernel, input: ChannelAxis | undefined, wholeGroups: boolean): Int32Array {
  const { groups, inputs, outputs } = kernel;
  if (wholeGroups && !input) return new Int32Array(groups * outputs);
  const atoms = site.fresh(groups * outputs);
  if (groups === 1) return atoms;
  if (!wholeGroups || !input) {
    coupleGroups(site, atoms, outputs);
    if (input) coupleGroups(site, input.atoms, inputs);
    return atoms;
  }
  for (const g of range(0, groups)) {
    const [read, made] = [
      input.atoms.subarray(g * inputs, (g + 1) * inputs),
      atoms.subarray(g * outputs, (g + 1) * outputs),
    ];
    site.coupleAll([...read, ...made]);
  }
  return atoms;
}

function coupleGroups(site: Site, atoms: Int32Array, perGroup: number): void {
  for (let start = perGroup; start < atoms.length; start += perGroup)
    site.couple(atoms.subarray(0, perGroup), atoms.subarray(start, start + perGroup));
}

function kernelOf({ node }: Site, dims: readonly number[]): Kernel | undefined {
  const [outer = 0, inner = 0, ...taps] = dims;
  const groups = node.int('group', 1);
  if (groups < 1 || outer < 1 || inner < 1 || outer % groups !== 0) return undefined;
  const inputsFirst = node.is('ConvTranspose');
  return {
    ...{ groups, inputsFirst, inner: taps.reduce((product, size) => product * size, 1) },
    outputs: inputsFirst ? inner : outer / groups,
    inputs: inputsFirst ? outer / groups : inner,
  };
}

/** The axes of a weight that lose channels, its bias, and the number of groups. */
function cutWeights(site: Site, { node, kernel, reads, makes, wholeGroups, bias }: Filters): void {
  const { groups, outputs, inputs, inputsFirst } = kernel;
  const firstGroup = (axis: ChannelAxis, perGroup: number): ChannelAxis => ({
    ...axis,
    atoms: axis.atoms.subarray(0, perGroup),
  });
  if (wholeGroups) {
    if (!reads) return;
    site.cut(1, 0, inputsFirst ? reads : makes);
    site.edit((surgeon) => {
      if (surgeon.loses(makes)) surgeon.setInt(node, 'group', surgeon.count(makes) / outputs);
    });
  } else if (inputsFirst) {
    if (reads) site.cut(1, 0, reads, true);
    site.cut(1, 1, firstGroup(makes, outputs));
  } else {
    site.cut(1, 0, makes);
    if (reads) site.cut(1, 1, groups > 1 ? firstGroup(reads, inputs) : reads, true);
  }
  if (bias) site.cut(2, 0, makes);
}

/** Whether each output sums the whole kernel, wherever it lies. */
function isUniform({ node }: Site, { inner }: Kernel): boolean {
  const padded = node.ints('pads')?.some((pad) => pad !== 0) || node.string('auto_pad', 'NOTSET').startsWith('SAME');
  if (node.is('Conv')) return !padded;
  const strided = node.ints('strides')?.some((stride) => stride !== 1);
  const grown = node.ints('output_padding')?.some((extra) => extra !== 0) || node.attributes.has('output_shape');
  return inner === 1 && !padded && !strided && !grown;
}

/**
 * What filters give where their inputs are constant. Zeroed, all of them give zeros; naturally, those that only read
 * constants, or nothing, give a constant.
 */
export function madeBy(filters: Filters, world: World): Float64Array {
  const { kernel, bias, alpha, beta, reads, makes, uniform } = filters;
  const made = new Float64Array(makes.atoms.length);
  if (world.kind === 'zeroed') return made;
  const inputs = reads && world.of(reads);
  const sums = tapSums(filters);
  const offsets = bias?.numbers();
  for (let position = 0; position < made.length; position++) {
    const [g, t] = placeOf(position, kernel.outputs);
    let sum = 0;
    for (let s = 0; s < kernel.inputs && !Number.isNaN(sum); s++) {
      const [size, taps] = sums(g, t, s);
      if (size === 0) continue;
      const x = inputs?.[g * kernel.inputs + s] ?? Number.NaN;
      sum += x === 0 ? 0 : uniform ? x * taps : Number.NaN;
    }
    made[position] = alpha * sum + beta * (offsets?.[position] ?? 0);
  }
  return made;
}
