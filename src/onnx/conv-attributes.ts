import { type Attribute, attribute } from '../ir/index.ts';

/** What a Conv or ConvTranspose does besides its weight, all of it explicit. One entry per spatial axis. */
export interface ConvGeometry {
  readonly opType: string;
  readonly groups: number;
  readonly kernelShape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly outputPadding: readonly number[];
}

export function convAttributes(geometry: ConvGeometry): readonly Attribute[] {
  const { opType, groups, kernelShape, strides, dilations, padsBegin, padsEnd, outputPadding } = geometry;
  return [
    attribute.ints('dilations', dilations),
    attribute.int('group', groups),
    attribute.ints('kernel_shape', kernelShape),
    ...(opType === 'ConvTranspose' ? [attribute.ints('output_padding', outputPadding)] : []),
    attribute.ints('pads', [...padsBegin, ...padsEnd]),
    attribute.ints('strides', strides),
  ];
}
