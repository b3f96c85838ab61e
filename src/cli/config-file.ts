import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve } from 'node:path';
import { lilconfig } from 'lilconfig';
import { z } from 'zod';
import { DiagnosticError, diagnostics, didYouMean } from '../diagnostics.ts';
import { configSchema } from './config.ts';
import { type OptionLayer, parseLayer } from './option-layers.ts';

const names = ['onnx-tucker.config.json', 'onnx-tucker.config.mjs'];

/**
 * The configuration of the project that `folder` is in. The search stops at the project's root, the nearest folder with
 * a package.json or .git, because a configuration may be code: what lies further up belongs to somebody else.
 *
 * @throws config-unreadable; invalid-option with a suggestion for unknown keys
 */
export async function findConfig(folder: string): Promise<OptionLayer | undefined> {
  const search = lilconfig('onnx-tucker', { searchPlaces: names, stopDir: projectRoot(folder) });
  return toLayer(await attempt(() => search.search(folder)));
}

/** @throws config-unreadable; invalid-option with a suggestion for unknown keys */
export async function readConfig(path: string): Promise<OptionLayer | undefined> {
  if (!existsSync(path)) throw diagnostics.configUnreadable(path, 'there is no such file');
  const loader = lilconfig('onnx-tucker', { searchPlaces: names });
  return toLayer(await attempt(() => loader.load(path)));
}

function projectRoot(folder: string): string {
  const { root } = parse(folder);
  for (let at = folder; at !== root; at = dirname(at)) {
    if (existsSync(join(at, 'package.json')) || existsSync(join(at, '.git'))) return at;
  }
  return folder;
}

async function attempt<Result>(load: () => Promise<Result>): Promise<Result> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof DiagnosticError) throw cause;
    const [line = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw diagnostics.configUnreadable(undefined, line, cause);
  }
}

const values = z.record(z.string(), z.unknown());

function toLayer(found: { readonly filepath: string; readonly config: unknown } | null): OptionLayer | undefined {
  if (!found) return undefined;
  const { success, data } = values.safeParse(found.config);
  if (!success) throw diagnostics.configUnreadable(found.filepath, 'expected an object of options');
  const { $schema: _, ...options } = data;
  refuseUnknown(options, found.filepath);
  const layer = parseLayer('config', options, found.filepath);
  return { ...layer, options: { ...layer.options, ...relativePaths(layer, dirname(found.filepath)) } };
}

function refuseUnknown(options: Readonly<Record<string, unknown>>, file: string): void {
  const known = Object.keys(configSchema.shape);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const hint = didYouMean(unknown, known) ?? `The keys are ${known.join(', ')}.`;
  throw diagnostics.invalidOption(`"${unknown}" in ${file}`, 'there is no such option', hint);
}

/** Paths are meant from the file's folder; names of presets and packages stay as they are. */
function relativePaths({ options }: OptionLayer, folder: string): OptionLayer['options'] {
  const path = (text: string) => (isAbsolute(text) ? text : resolve(folder, text));
  const pathOrName = (text: string) => (/^\.{1,2}[/\\]|\.json$/.test(text) ? path(text) : text);
  return {
    ...(options.evaluate !== undefined && { evaluate: path(options.evaluate) }),
    ...(options.preprocess !== undefined && { preprocess: pathOrName(options.preprocess) }),
    ...(options.plugin && { plugin: options.plugin.map(pathOrName) }),
    ...(options.externalRoot && { externalRoot: options.externalRoot.map(path) }),
  };
}
