import { type Dim, label, type Node, type Value } from '../ir/index.ts';
import type { ChannelAxis } from './channel-axis.ts';
import type { Constant } from './constant.ts';
import type { Draft } from './draft.ts';
import type { Filters } from './kernel.ts';
import { type FrozenCode, frozenBy } from './reason.ts';
import type { Edit } from './surgeon.ts';

/** Channel axes of a value: one entry per axis, undefined where nothing can be removed. */
export type Axes = readonly (ChannelAxis | undefined)[];

/**
 * One node as its rule sees it: what is known of its inputs, and where the rule says what becomes of channels. Inputs and
 * outputs are named by their index.
 */
export class Site {
  readonly node: Node;
  readonly opset: number;
  readonly #draft: Draft;
  readonly #absorbed = new Set<number>();

  constructor(node: Node, opset: number, draft: Draft) {
    this.node = node;
    this.opset = opset;
    this.#draft = draft;
  }

  /** Empty where no channels can go. */
  axes(index: number): Axes {
    const value = this.node.inputs[index];
    return (value && this.#draft.axes.get(value)) ?? [];
  }

  axis(index: number, axis: number): ChannelAxis | undefined {
    return this.axes(index)[axis];
  }

  hasChannels(index: number): boolean {
    return this.axes(index).some((axis) => axis !== undefined);
  }

  shape(index: number): readonly Dim[] | undefined {
    const value = this.node.inputs[index];
    return value ? this.#draft.shapes.shapeOf(value) : undefined;
  }

  outputShape(index: number): readonly Dim[] | undefined {
    const value = this.node.outputs[index];
    return value ? this.#draft.shapes.shapeOf(value) : undefined;
  }

  constant(index: number): Constant | undefined {
    const value = this.node.inputs[index];
    return value ? this.#draft.constant(value) : undefined;
  }

  /** Whether the caller may feed something else than the initializer that stands there. */
  isOverridable(index: number): boolean {
    const value = this.node.inputs[index];
    return value?.tensor !== undefined && this.#draft.model.isOverridable(value);
  }

  /** Elements of a small tensor as far as they are known: sizes, axes, indices. */
  data(index: number): readonly Dim[] | undefined {
    const value = this.node.inputs[index];
    return value ? this.#draft.shapes.dataOf(value) : undefined;
  }

  /** The same where every element is a number. */
  numbers(index: number): readonly number[] | undefined {
    const value = this.node.inputs[index];
    return value ? this.#draft.shapes.constantOf(value) : undefined;
  }

  /** Which channel counts the elements of a vector are; undefined for a vector that none has to do with. */
  counts(index: number): Axes | undefined {
    const value = this.node.inputs[index];
    return value ? this.#draft.counts.get(value) : undefined;
  }

  /** Channels on whose number input `index` depends in any way. */
  countedBy(index: number): readonly ChannelAxis[] {
    const value = this.node.inputs[index];
    if (!value) return [];
    const exact = this.#draft.counts.get(value)?.filter((axis) => axis !== undefined);
    return exact ?? this.#draft.dependents.get(value) ?? [];
  }

  /** The rule itself takes care that input `index`, computed from channel counts, keeps its meaning. */
  absorb(index: number): void {
    this.#absorbed.add(index);
  }

  isAbsorbed(index: number): boolean {
    return this.#absorbed.has(index);
  }

  /** One entry per axis of the output. */
  setAxes(index: number, axes: Axes): void {
    const value = this.node.outputs[index];
    if (!value || axes.every((axis) => axis === undefined)) return;
    const sizes = this.outputShape(index);
    const fits = ({ atoms }: ChannelAxis, at: number) => typeof sizes?.[at] !== 'number' || sizes[at] === atoms.length;
    if (axes.every((axis, at) => !axis || fits(axis, at)) && (sizes?.length ?? axes.length) === axes.length)
      this.#draft.axes.set(value, axes);
    else for (const axis of axes) this.freeze(axis, 'shape-unknown', 'has another shape than its inputs tell');
  }

  setCounts(index: number, counts: Axes): void {
    const value = this.node.outputs[index];
    if (value && counts.some((axis) => axis !== undefined)) this.#draft.counts.set(value, counts);
  }

  setDependent(index: number, axes: readonly ChannelAxis[]): void {
    const value = this.node.outputs[index];
    if (value && axes.length > 0) this.#draft.dependents.set(value, axes);
  }

  fresh(count: number): Int32Array {
    return this.#draft.atoms.fresh(count);
  }

  /**
   * Filters whose weight is computed at run time, or can be fed by the caller: neither what they read nor what they make can
   * go.
   *
   * @param outputAxis of the weight; undefined where its size does not tell how many channels there are
   */
  freezeFilters(weightIndex: number, outputAxis: number | undefined, channelAxis: number): void {
    const why = 'has a weight or bias that is computed at run time, or that a graph input may replace';
    this.freezeInputs('weight-not-constant', why);
    const sizes = this.shape(weightIndex);
    const count = outputAxis === undefined ? undefined : sizes?.[outputAxis];
    const [output] = this.node.outputs;
    if (!output || !sizes || typeof count !== 'number') return;
    const channels: ChannelAxis = {
      atoms: this.fresh(count),
      constants: () => new Float64Array(count).fill(Number.NaN),
    };
    this.freeze(channels, 'weight-not-constant', why);
    this.makes(output, channelAxis, channels);
  }

  /** Position by position, `b` goes with `a`. */
  couple(a: ArrayLike<number>, b: ArrayLike<number>): void {
    for (let i = 0; i < a.length; i++)
      this.#draft.atoms.couple(a[i] as number, b[i] as number, () =>
        frozenBy(this.node, 'fixed-channels', 'joins them with channels that cannot be removed'),
      );
  }

  /** All of them go together. */
  coupleAll(atoms: readonly number[]): void {
    for (let i = 1; i < atoms.length; i++) this.couple([atoms[0] as number], [atoms[i] as number]);
  }

  /** Whether the two lists go together already. */
  areCoupled(a: Int32Array, b: Int32Array): boolean {
    const { atoms } = this.#draft;
    return a.length === b.length && a.every((atom, i) => atoms.find(atom) === atoms.find(b[i] as number));
  }

  freeze(axis: ChannelAxis | undefined, code: FrozenCode, text: string): void {
    if (axis) this.#draft.atoms.freeze(axis.atoms, frozenBy(this.node, code, text));
  }

  /** Channels of all inputs stay, or of some. */
  freezeInputs(code: FrozenCode, text: string, indices: Iterable<number> = this.node.inputs.keys()): void {
    for (const index of indices) for (const axis of this.axes(index)) this.freeze(axis, code, text);
  }

  /** A constant loses the elements whose channels go. */
  cut(index: number, axis: number, channels: ChannelAxis, reads = false): void {
    const constant = this.constant(index);
    if (!constant) throw new Error(`input ${index} of ${label(this.node)} is not constant`);
    this.#draft.cuts.push({ node: this.node, index, constant, axis, channels, reads });
  }

  /** What else changes in the node when channels go. */
  edit(apply: Edit): void {
    this.#draft.edits.push(apply);
  }

  filters(filters: Filters): void {
    this.#draft.filters.push(filters);
  }

  /** New channels that the node makes without filters: those of a Pad. */
  makes(output: Value, axis: number, channels: ChannelAxis): void {
    this.#draft.fillers.push({ node: this.node, value: output, axis, channels });
  }

  isReadBy(index: number, ...opTypes: string[]): boolean {
    return [...(this.node.outputs[index]?.uses ?? [])].some(({ node }) => node.is(...opTypes));
  }
}
