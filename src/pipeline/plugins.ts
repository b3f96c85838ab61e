import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtinPasses } from '../../passes/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { definePass, type Pass } from '../pass/index.ts';

/**
 * The built-in passes and those of plugins: files (a path with a slash or an extension) or packages. A plugin exports a
 * pass or a list of passes as `default`, or a list as `passes`.
 *
 * @throws plugin (2) when one cannot be loaded, exports no pass, or takes a name that exists
 */
export async function loadPasses(plugins: readonly string[] = []): Promise<readonly Pass[]> {
  const passes = [...builtinPasses];
  for (const plugin of plugins) {
    for (const pass of await importPlugin(plugin)) {
      if (passes.some(({ name }) => name === pass.name))
        throw diagnostics.plugin(plugin, `it brings a second pass named "${pass.name}"`);
      passes.push(pass);
    }
  }
  return passes;
}

async function importPlugin(plugin: string): Promise<readonly Pass[]> {
  let module: { readonly default?: unknown; readonly passes?: unknown };
  try {
    module = await import(pluginAddress(plugin));
  } catch (cause) {
    throw diagnostics.plugin(plugin, `it cannot be loaded: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
  const candidates = [module.passes ?? module.default].flat();
  const passes = candidates.filter(isPass);
  if (passes.length === 0 || passes.length < candidates.length)
    throw diagnostics.plugin(plugin, 'it exports something that is not a pass; use definePass');
  return passes.map((pass) => definePass(pass as never));
}

/** A package is looked for where the user stands, then beside this one: the command may be installed elsewhere. */
function pluginAddress(plugin: string): string {
  const isFile = /^[./\\]|[/\\].*\.[cm]?js$|^[^@].*\.[cm]?js$/.test(plugin);
  if (isFile) return pathToFileURL(resolve(plugin)).href;
  try {
    return pathToFileURL(createRequire(resolve('package.json')).resolve(plugin)).href;
  } catch {
    return plugin;
  }
}

function isPass(value: unknown): value is Pass {
  return typeof value === 'object' && value !== null && 'name' in value && 'kind' in value && 'options' in value;
}
