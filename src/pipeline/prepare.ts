import picomatch from 'picomatch';
import { diagnostics } from '../diagnostics.ts';
import { cloneModel, type Model } from '../ir/index.ts';
import { raiseIrVersion } from '../onnx/index.ts';
import type { Policy } from '../rewrite/index.ts';
import type { EngineOptions } from './options.ts';

/** What the user allows: node globs, ranks by hand, the gain that a rewrite has to bring. */
export function policyOf({
  include = [],
  exclude = [],
  ranks = {},
  requireGain = 'params-or-macs',
}: EngineOptions): Policy {
  const included = include.length > 0 ? nameMatcher(include) : () => true;
  const excluded = exclude.length > 0 ? nameMatcher(exclude) : () => false;
  return { requireGain, ranks, allows: (name) => included(name) && !excluded(name) };
}

/** Globs over node names; names are no paths, so `*` goes across slashes. */
function nameMatcher(globs: readonly string[]): (name: string) => boolean {
  const matchers = globs.map((glob) => picomatch(glob, { bash: true, dot: true }));
  return (name) => globs.includes(name) || matchers.some((matches) => matches(name));
}

/**
 * A copy in which no weight is a graph input, so that nothing can override them any more. Before IR 4 they would have to
 * be inputs, so the copy is IR 4 then.
 */
export function freezeInputs(model: Model): Model {
  const frozen = cloneModel(model).model;
  raiseIrVersion(frozen);
  const { inputs } = frozen.graph;
  const kept = inputs.filter((value) => !value.isInitializer);
  inputs.splice(0, inputs.length, ...kept);
  return frozen;
}

/** The opsets and IR versions that ONNX Runtime can judge. */
export const supported = { opset: [7, 26], ir: [3, 13] } as const;

/** Why nothing may be rewritten: what cannot be checked is passed through. */
export function unsupportedReason(model: Model): string | undefined {
  const opset = model.opset();
  const [oldest, newest] = supported.opset;
  if (opset === undefined) return 'the model does not say which opset it uses';
  if (opset < oldest || opset > newest)
    return `opset ${opset} is outside ${oldest} to ${newest}, which ONNX Runtime can check`;
  const [first, last] = supported.ir;
  if (model.irVersion < first || model.irVersion > last)
    return `IR version ${model.irVersion} is outside ${first} to ${last}, which ONNX Runtime can check`;
  return undefined;
}

/** @throws usage where --include or --exclude match no node: a typing error would otherwise change nothing, silently */
export function checkGlobs(options: EngineOptions, names: readonly string[]): void {
  for (const [flag, globs] of [
    ['--include', options.include ?? []],
    ['--exclude', options.exclude ?? []],
  ] as const) {
    for (const glob of globs) {
      const matches = nameMatcher([glob]);
      if (!names.some(matches))
        throw diagnostics.usage(
          `${flag} ${glob} matches no Conv, ConvTranspose, Gemm or MatMul`,
          '"onnx-tucker inspect" lists the names.',
        );
    }
  }
}
