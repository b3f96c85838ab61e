import type { Node, Value } from '../ir/index.ts';
import type { ChannelAxis } from './channel-axis.ts';
import type { Constant } from './constant.ts';

/**
 * The weight of a Conv, ConvTranspose, Gemm or MatMul as W[g, t, s, k]: groups, outputs and inputs per group, and what is
 * inner to both, which lies together.
 */
export interface Kernel {
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly inner: number;
  /** Whether the weight lists inputs before outputs (ConvTranspose, matrices [s, t]). */
  readonly inputsFirst: boolean;
}

/** Where W[g, t, s, 0 … inner) begins. */
export function offsetOf({ outputs, inputs, inner, inputsFirst }: Kernel, g: number, t: number, s: number): number {
  const channels = inputsFirst ? (g * inputs + s) * outputs + t : (g * outputs + t) * inputs + s;
  return channels * inner;
}

/** A linear operator with constant weight and bias: it reads one channel axis and makes another. */
export interface Filters {
  readonly node: Node;
  readonly kernel: Kernel;
  /** Index among the node's inputs. */
  readonly weightIndex: number;
  readonly weight: Constant;
  /** Index of the bias; undefined for MatMul, which has none. */
  readonly biasIndex: number | undefined;
  /** One number per output; undefined when there is none yet. */
  readonly bias: Constant | undefined;
  /** The weights' share of the sum: Gemm's alpha. */
  readonly alpha: number;
  /** The bias' share: Gemm's beta. */
  readonly beta: number;
  readonly input: Value;
  readonly inputAxis: number;
  /** Undefined where the input's channels are fixed. */
  readonly reads: ChannelAxis | undefined;
  readonly output: Value;
  readonly outputAxis: number;
  readonly makes: ChannelAxis;
  /** Whether every output is the sum over whole kernels, without padding: then a constant input adds a constant. */
  readonly uniform: boolean;
  /**
   * Whether groups go as a whole, inputs with outputs (depthwise): what a removed channel brought is then not read by
   * anyone who stays.
   */
  readonly wholeGroups: boolean;
}

/** The sums over k of |W[g, t, s, k]| and of W[g, t, s, k]. */
export type TapSums = (g: number, t: number, s: number) => readonly [size: number, sum: number];

export function tapSums({ kernel, weight }: Pick<Filters, 'kernel' | 'weight'>): TapSums {
  if (weight.filler) {
    const sum = weight.filler.fill * kernel.inner;
    return () => [Math.abs(sum), sum];
  }
  const data = weight.numbers();
  return (g, t, s) => {
    const start = offsetOf(kernel, g, t, s);
    let [size, sum] = [0, 0];
    for (let k = start; k < start + kernel.inner; k++) {
      const tap = data[k] as number;
      size += Math.abs(tap);
      sum += tap;
    }
    return [size, sum];
  };
}

/** Which output, as group and place in it, a position on the axis is. */
export function placeOf(position: number, perGroup: number): [number, number] {
  return [Math.floor(position / perGroup), position % perGroup];
}
