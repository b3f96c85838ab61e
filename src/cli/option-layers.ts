import type { z } from 'zod';
import { diagnostics, didYouMean } from '../diagnostics.ts';
import { kebabCase } from './flags.ts';
import { type OptionName, type Options, optionsSchema } from './options.ts';

/** Where an option was given, so that messages can point there. */
export type Source = 'command line' | 'environment' | 'config';

/** Options of one source: only what was given there. */
export interface OptionLayer {
  readonly source: Source;
  /** Path of a configuration file. */
  readonly file?: string;
  readonly options: Partial<Options>;
}

/**
 * Checks the values of one source.
 *
 * @throws invalid-option naming the option as it is written in that source
 */
export function parseLayer(source: Source, values: Readonly<Record<string, unknown>>, file?: string): OptionLayer {
  const { success, data, error } = optionsSchema.safeParse(values);
  if (!success) throw layerDiagnostic(source, error.issues, file);
  const given = Object.keys(values);
  const options = Object.fromEntries(Object.entries(data).filter(([name]) => given.includes(name)));
  return { source, options, ...(file !== undefined && { file }) };
}

/**
 * One set of options from several sources, the first of which wins, and the defaults.
 *
 * A pipeline says all about passes, so `pass`, `skipPass` and `preset` of weaker sources fall away beside it; given
 * beside or above a pipeline they contradict it.
 *
 * @throws usage when `pipeline` meets `pass`, `skipPass` or `preset`
 */
export function mergeLayers(layers: readonly OptionLayer[]): Options {
  const withPipeline = layers.findIndex(({ options }) => options.pipeline !== undefined);
  if (withPipeline >= 0) refuseBesidePipeline(layers.slice(0, withPipeline + 1));
  const kept = layers.map(({ options }, index) =>
    withPipeline >= 0 && index > withPipeline ? withoutPassChoice(options) : options,
  );
  let merged = optionsSchema.parse({});
  for (const options of kept.toReversed()) merged = { ...merged, ...options };
  return merged;
}

const passChoice: readonly OptionName[] = ['pass', 'skipPass', 'preset'];

function refuseBesidePipeline(layers: readonly OptionLayer[]): void {
  for (const layer of layers) {
    const extra = passChoice.find((name) => layer.options[name] !== undefined);
    if (extra === undefined) continue;
    const pipeline = layers.at(-1);
    throw diagnostics.usage(
      `${spelled(layer, extra)} does not go with ${pipeline ? spelled(pipeline, 'pipeline') : 'a pipeline'}`,
      'A pipeline lists all passes and their options: put it there.',
    );
  }
}

function withoutPassChoice(options: Partial<Options>): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !passChoice.some((choice) => choice === name)));
}

/** An option as it is written in its source. */
export function spelled({ source, file }: Pick<OptionLayer, 'source' | 'file'>, name: string): string {
  if (source === 'command line') return `--${kebabCase(name)}`;
  if (source === 'environment') return environmentName(name);
  return `"${name}" in ${file ?? 'the configuration'}`;
}

export function environmentName(name: string): string {
  return `ONNX_TUCKER_${kebabCase(name).replaceAll('-', '_').toUpperCase()}`;
}

function layerDiagnostic(source: Source, issues: readonly z.core.$ZodIssue[], file?: string) {
  const place = { source, ...(file !== undefined && { file }) };
  const [issue] = issues;
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const names = Object.keys(optionsSchema.shape);
    return diagnostics.invalidOption(spelled(place, key), 'there is no such option', didYouMean(key, names));
  }
  const [name = '', ...inner] = issue?.path ?? [];
  const at = inner.length > 0 ? ` (${inner.map(String).join('.')})` : '';
  return diagnostics.invalidOption(`${spelled(place, String(name))}${at}`, lowerFirst(issue?.message ?? 'not valid'));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
