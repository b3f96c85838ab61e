import type { SizedStep } from '../../src/timing/index.ts';

export function conv(inputs: number, outputs: number, kernel: readonly number[], size: number, groups = 1): SizedStep {
  return {
    opType: 'Conv',
    groups,
    inputs,
    outputs,
    kernelShape: kernel,
    strides: kernel.map(() => 1),
    dilations: kernel.map(() => 1),
    padsBegin: kernel.map((taps) => (taps - 1) / 2),
    padsEnd: kernel.map((taps) => (taps - 1) / 2),
    outputPadding: kernel.map(() => 0),
    inputSizes: kernel.map(() => size),
    outputSizes: kernel.map(() => size),
  };
}

export function tucker(inputs: number, rank: number, outputs: number, size: number): readonly SizedStep[] {
  return [conv(inputs, rank, [1, 1], size), conv(rank, rank, [3, 3], size), conv(rank, outputs, [1, 1], size)];
}

export function cp(inputs: number, rank: number, outputs: number, size: number): readonly SizedStep[] {
  return [conv(inputs, rank, [1, 1], size), conv(rank, rank, [3, 3], size, rank), conv(rank, outputs, [1, 1], size)];
}

/** Originals, and two methods at ranks on and off any block, in small shapes: making the models must not take long. */
export function manyChains(): readonly (readonly SizedStep[])[] {
  const shapes = [
    [16, 16],
    [32, 14],
    [48, 8],
    [64, 8],
  ] as const;
  return shapes.flatMap(([channels, size]) => [
    [conv(channels, channels, [3, 3], size)],
    [conv(channels, channels, [1, 1], size)],
    ...[3, 4, 6, 8, 12, 16, 20, 24, 30].flatMap((rank) => [
      tucker(channels, rank, channels, size),
      cp(channels, rank, channels, size),
    ]),
  ]);
}
