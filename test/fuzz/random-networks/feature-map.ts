import { type Attribute, attribute } from '../../../src/ir/index.ts';
import { chance, integer, pick } from '../../support/draws.ts';
import { type RandomWindow, randomWindow, windowOutput } from '../../support/random-window.ts';
import type { NetworkDraft } from './network-draft.ts';

/** A value [batch, channels, …sizes]. */
export interface FeatureMap {
  readonly name: string;
  readonly channels: number;
  readonly sizes: readonly number[];
  /** The input's length is not known: `sizes` are only what it would have to be at least. */
  readonly open: boolean;
  readonly batch: number | string;
}

/** Values get so big at most, per sample and channel. */
const mostPositions = 400;

export function place(
  draft: NetworkDraft,
  from: FeatureMap,
  opType: string,
  inputs: readonly string[],
  attributes: readonly Attribute[],
  channels: number,
  sizes: readonly number[],
): FeatureMap {
  const { batch, open } = from;
  const shape = [batch, channels, ...sizes.map((size) => (open ? undefined : size))];
  return { name: draft.node(opType, inputs, attributes, shape), channels, sizes, open, batch };
}

export interface ConvolutionChoice {
  readonly window: RandomWindow;
  readonly groups: number;
  readonly outputs: number;
}

export function choose(
  { random }: NetworkDraft,
  { channels, sizes }: FeatureMap,
  isTransposed: boolean,
): ConvolutionChoice {
  const divisors = [1, 1, 1, 2, 3].filter((groups) => channels % groups === 0);
  const groups = chance(random, 0.15) ? channels : pick(random, divisors);
  const outputs =
    groups *
    (groups === channels && groups > 1
      ? integer(random, 1, 2)
      : Math.ceil(pick(random, [1, 2, 3, 5, 8, 12, 16]) / groups));
  for (;;) {
    const window = randomWindow(random, isTransposed, sizes);
    const after = windowOutput(window, sizes).reduce((product, size) => product * size, 1);
    // With a kernel shorter than the stride, auto_pad of ConvTranspose would have to pad by less than nothing.
    const negative = isTransposed && window.span.some((span, axis) => span < (window.strides[axis] as number));
    if (after <= mostPositions && !(negative && window.padding.startsWith('SAME'))) return { window, groups, outputs };
  }
}

export function convolution(
  draft: NetworkDraft,
  from: FeatureMap,
  choice = choose(draft, from, false),
  weight = convolutionWeight(draft, from, choice),
): FeatureMap {
  const { window, groups, outputs } = choice;
  const inputs = [from.name, weight, ...(chance(draft.random, 0.6) ? [draft.vector([outputs])] : [])];
  const attributes = [...(groups > 1 ? [attribute.int('group', groups)] : []), ...window.attributes];
  return place(
    draft,
    from,
    window.transposed ? 'ConvTranspose' : 'Conv',
    inputs,
    attributes,
    outputs,
    windowOutput(window, from.sizes),
  );
}

export function convolutionWeight(
  draft: NetworkDraft,
  { channels }: FeatureMap,
  { window, groups, outputs }: ConvolutionChoice,
): string {
  const fanIn = (channels / groups) * window.kernel.reduce((product, taps) => product * taps, 1);
  return draft.weight(
    window.transposed ? [channels, outputs / groups, ...window.kernel] : [outputs, channels / groups, ...window.kernel],
    fanIn,
  );
}

export function transposed(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  return convolution(draft, from, choose(draft, from, true));
}

export function batchNorm(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  const positive = { scale: 0.1, offset: 1 };
  const statistics = [
    draft.vector([channels], { offset: 1 }),
    draft.vector([channels]),
    draft.vector([channels]),
    draft.vector([channels], positive),
  ];
  const attributes = chance(draft.random, 0.5) ? [attribute.float('epsilon', 1e-3)] : [];
  return place(draft, from, 'BatchNormalization', [from.name, ...statistics], attributes, channels, sizes);
}

export function activation(draft: NetworkDraft, from: FeatureMap): FeatureMap {
  const { channels, sizes } = from;
  const opType = pick(draft.random, ['Relu', 'Relu', 'Sigmoid', 'Clip', 'LeakyRelu']);
  const bounds =
    opType === 'Clip' && draft.kind.opset >= 11
      ? [draft.vector([], { scale: 0, offset: -1 }), draft.vector([], { scale: 0, offset: 1 })]
      : [];
  const attributes =
    opType === 'LeakyRelu'
      ? [attribute.float('alpha', 0.1)]
      : opType === 'Clip' && bounds.length === 0
        ? [attribute.float('min', -1), attribute.float('max', 1)]
        : [];
  return place(draft, from, opType, [from.name, ...bounds], attributes, channels, sizes);
}

/** A window that leaves the sizes as they are, whatever they are. */
export function sameWindow({ random }: NetworkDraft, sizes: readonly number[]): RandomWindow {
  const kernel = sizes.map((size) =>
    pick(
      random,
      [1, 3].filter((taps) => taps <= size),
    ),
  );
  const before = kernel.map((taps) => Math.floor(taps / 2));
  const ones = kernel.map(() => 1);
  const zeros = kernel.map(() => 0);
  const pads = [...before, ...before];
  const explicit = chance(random, 0.6);
  const attributes = [
    explicit ? attribute.ints('pads', pads) : attribute.string('auto_pad', pick(random, ['SAME_UPPER', 'SAME_LOWER'])),
  ];
  return {
    transposed: false,
    kernel,
    strides: ones,
    span: kernel,
    padding: explicit ? 'pads' : 'SAME_UPPER',
    pads,
    outputPadding: zeros,
    attributes,
  };
}
