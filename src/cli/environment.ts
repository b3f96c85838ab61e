import { z } from 'zod';
import { didYouMean } from '../diagnostics.ts';
import { type Flag, flagsOf, readFlag } from './flags.ts';
import { environmentName, type OptionLayer, parseLayer } from './option-layers.ts';
import { optionsSchema } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const list = z.array(z.string());

/**
 * Options from `ONNX_TUCKER_*`: ONNX_TUCKER_REQUIRE_GAIN=macs. A list is one value or a JSON array of strings.
 *
 * @throws invalid-option
 */
export function readEnvironment(environment: Environment): OptionLayer {
  const given = flagsOf(optionsSchema).flatMap((flag): [string, unknown][] => {
    const name = environmentName(flag.name);
    const text = environment[name];
    return text === undefined ? [] : [[flag.name, readFlag(flag, textsOf(flag, text), name)]];
  });
  return parseLayer('environment', Object.fromEntries(given));
}

/** Names that are nearly those of an option. Others may be anybody's and are left alone. */
export function suspectVariables(environment: Environment): readonly string[] {
  const known = Object.keys(optionsSchema.shape).map(environmentName);
  return Object.keys(environment).flatMap((name) => {
    if (!name.startsWith('ONNX_TUCKER_') || known.includes(name)) return [];
    const stem = (full: string) => full.slice('ONNX_TUCKER_'.length);
    const hint = didYouMean(stem(name), known.map(stem));
    return hint ? [`${name} is not read. ${hint}`] : [];
  });
}

function textsOf({ kind }: Flag, text: string): readonly string[] {
  if (kind !== 'list' && kind !== 'entries') return [text];
  if (!text.startsWith('[')) return [text];
  try {
    return list.parse(JSON.parse(text));
  } catch {
    return [text];
  }
}
