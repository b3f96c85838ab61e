import type { Node, RealDType, Value } from '../ir/index.ts';

/**
 * Conv, ConvTranspose, Gemm and MatMul seen as one thing: a linear map from S to T channels, repeated over positions.
 *
 * Its kernel, whatever the operator's own layout, is W[g, t, s, k₁ … k_d]: groups, outputs per group, inputs per group,
 * then one index per spatial axis (none for Gemm and MatMul).
 */
export interface LinearOperator {
  readonly node: Node;
  readonly opType: 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';
  /** Activations in. */
  readonly input: Value;
  readonly weight: Value;
  readonly bias: Value | null;
  readonly dtype: RealDType;
  readonly groups: number;
  /** Outputs per group. */
  readonly outputs: number;
  /** Inputs per group. */
  readonly inputs: number;
  /** Kernel size per spatial axis; [] for Gemm and MatMul. */
  readonly kernelShape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before and after, per spatial axis. */
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  /** ConvTranspose only. */
  readonly outputPadding: readonly number[];
  /** Spatial input and output sizes (rows for Gemm and MatMul: [1]); undefined where shapes are not known. */
  readonly inputSizes: readonly number[] | undefined;
  readonly outputSizes: readonly number[] | undefined;
}
