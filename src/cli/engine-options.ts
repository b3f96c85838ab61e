import type { CommandContext } from './command.ts';
import type { EngineOptions } from './engine.ts';
import type { Options } from './options.ts';

/** The command's options as the library names them. */
export function engineOptions({ options, argv, signal, onEvent }: CommandContext): EngineOptions {
  return {
    ...given(options, [
      'calibrate',
      'effort',
      'statistics',
      'evaluate',
      'preprocess',
      'inputKey',
      'labelKey',
      'samples',
      'threads',
      'timeout',
      'memory',
      'maxDrop',
      'maxKl',
      'maxError',
      'cache',
    ]),
    targets: options.target,
    bestEffort: options.bestEffort,
    ...passChoice(options),
    plugins: options.plugin,
    include: options.include,
    exclude: options.exclude,
    ranks: options.ranks,
    requireGain: options.requireGain,
    freezeInputs: options.freezeInputs,
    check: options.check,
    inputShapes: options.inputShape,
    seed: options.seed,
    externalData: options.externalData,
    externalRoots: options.externalRoot,
    bench: options.bench,
    device: options.device,
    argv,
    signal,
    onEvent,
  };
}

function passChoice({ pipeline, preset, pass, skipPass }: Options): EngineOptions {
  return pipeline === undefined ? { preset, passes: pass, skipPasses: skipPass } : { pipeline };
}

/** Only the options that have a value: absent means that the library decides. */
function given<Name extends keyof Options>(options: Options, names: readonly Name[]): Partial<Pick<Options, Name>> {
  const present: Partial<Pick<Options, Name>> = {};
  for (const name of names) if (options[name] !== undefined) present[name] = options[name];
  return present;
}
