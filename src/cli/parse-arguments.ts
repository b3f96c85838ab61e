import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Command } from './command.ts';
import { type Flag, flagsOf, readFlag } from './flags.ts';
import { optionsSchema } from './options.ts';
import { createParser, isPositional, optionFlags, type ParserSettings, type Values } from './yargs-parser.ts';

/** What a command line asks for. */
export type Invocation =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly command: Command;
      /** Positionals and flags of the command alone. */
      readonly given: Readonly<Record<string, unknown>>;
      /** Flags that name options. */
      readonly options: Readonly<Record<string, unknown>>;
      /** A path, false for --no-config. */
      readonly config: string | false | undefined;
    };

/** yargs takes a lone "-" for a flag when it fills positionals; nobody can type this one. */
const dash = '\u0000-';

/**
 * Reads a command line. yargs splits it and prints --help, --version and completions; what the values mean is decided by
 * the schemas alone, so yargs is told that everything is a string or a switch.
 *
 * @throws usage or invalid-option, with a suggestion for unknown flags
 */
export async function parseArguments(argv: readonly string[], settings: ParserSettings): Promise<Invocation> {
  let chosen: { readonly command: Command; readonly values: Values } | undefined;
  const parser = createParser(settings, (command, values) => {
    chosen = { command, values };
  });
  let text = '';
  const quoted = argv.map((token) => (token === '-' ? dash : token));
  await parser.parseAsync(quoted, {}, (_error, _values, output) => {
    text = output;
  });
  if (!chosen) return { kind: 'text', text: withExamples(withoutDefault(text, argv), argv, settings.commands) };
  const { command, values } = chosen;
  refuseUnknown(command, values);
  const given = readValues(flagsOf(command.given), values);
  return {
    kind: 'command',
    command,
    given,
    options: readValues(optionFlags(command), values),
    config: configOf(values),
  };
}

/** Values by option name; switches stay booleans, all else is text for the schema's reader. */
function readValues(flags: readonly Flag[], values: Values): Record<string, unknown> {
  const given = flags.flatMap((flag): [string, unknown][] => {
    const value = values[flag.flag];
    if (value === undefined) return [];
    const texts = [value].flat().map((text) => (text === dash ? '-' : String(text)));
    if (value === false && flag.kind !== 'switch') {
      throw diagnostics.invalidOption(`--no-${flag.flag}`, 'only switches can be turned off');
    }
    return [[flag.name, readFlag(flag, texts, `--${flag.flag}`)]];
  });
  return Object.fromEntries(given);
}

function configOf({ config }: Values): string | false | undefined {
  if (config === undefined || config === false) return config;
  if (typeof config === 'string') return config;
  throw diagnostics.invalidOption('--config', 'is given more than once');
}

function refuseUnknown(command: Command, values: Values): void {
  const rest: readonly unknown[] = Array.isArray(values._) ? values._ : [];
  const [extra] = isDefault(command) ? rest : rest.slice(1);
  if (extra !== undefined) {
    throw diagnostics.usage(`"${String(extra)}" is one argument too many`, `Usage: onnx-tucker ${shownUsage(command)}`);
  }
  const flags = [...flagsOf(command.given), ...optionFlags(command)].map(({ flag }) => flag);
  const known = [...flags, 'config', 'help', 'version'];
  const unknown = Object.keys(values).find((name) => !['_', '$0', ...known].includes(name));
  if (unknown === undefined) return;
  const spellable = known.filter(
    (flag) => !flagsOf(command.given).some((own) => own.flag === flag && isPositional(command, own)),
  );
  const dashes = unknown.length > 1 ? '--' : '-';
  throw diagnostics.usage(
    `there is no option ${dashes}${unknown}${isOptionElsewhere(unknown) ? ' for this command' : ''}`,
    didYouMean(unknown, spellable)?.replace('"', '"--') ?? 'onnx-tucker --help lists the options.',
  );
}

function isDefault({ usage }: Command): boolean {
  return usage.startsWith('$0');
}

function isOptionElsewhere(flag: string): boolean {
  return flagsOf(optionsSchema).some((option) => option.flag === flag);
}

function shownUsage({ usage }: Command): string {
  return usage.replace('$0 ', '');
}

/** yargs completes the default command by its placeholder. */
function withoutDefault(text: string, argv: readonly string[]): string {
  if (!argv.includes('--get-yargs-completions')) return text;
  return text
    .split('\n')
    .filter((line) => !line.startsWith('$0'))
    .join('\n');
}

/** Examples come first, because they are what is looked for. */
function withExamples(text: string, argv: readonly string[], commands: readonly Command[]): string {
  if (!argv.includes('--help') && !argv.includes('-h')) return text;
  const command = commands.find(({ usage }) => usage.split(' ')[0] === argv[0]) ?? commands.find(isDefault);
  const lines = command?.examples.map(([line, purpose]) => `  # ${purpose}\n  ${line.replace('$0', 'onnx-tucker')}`);
  return lines ? `Examples:\n${lines.join('\n')}\n\n${text}` : text;
}
