import yargs, { type Argv, type Options as YargsOptions } from 'yargs';
import { DiagnosticError, diagnostics, didYouMean } from '../diagnostics.ts';
import type { Command } from './command.ts';
import { type Flag, flagsOf } from './flags.ts';
import { optionGroups, optionsSchema } from './options.ts';

export interface ParserSettings {
  readonly commands: readonly Command[];
  readonly version: string;
  /** Columns of --help. */
  readonly width: number;
  /** Text below --help. */
  readonly epilogue: string;
}

/** What yargs makes of a command line: flags and positionals by name. */
export type Values = Readonly<Record<string, unknown>>;

/** A parser that knows all commands. A parse ends in `choose`, or in text that yargs prints, or it throws. */
export function createParser(settings: ParserSettings, choose: (command: Command, values: Values) => void): Argv {
  const parser = yargs()
    .scriptName('onnx-tucker')
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
      'greedy-arrays': false,
    })
    .wrap(settings.width)
    .version(settings.version)
    .help()
    .alias('help', 'h')
    .epilogue(settings.epilogue)
    .fail((message, error) => {
      throw error instanceof DiagnosticError ? error : usageDiagnostic(message ?? error.message);
    });
  for (const command of settings.commands) {
    parser.command({
      command: command.usage,
      describe: command.summary,
      builder: (inner) => declareFlags(inner, command),
      handler: (values) => choose(command, values),
    });
  }
  // Inside a parse yargs hands what it prints to the callback of parseAsync.
  return parser.command('completion', 'prints a completion script for bash or zsh', {}, () => {
    parser.showCompletionScript();
  });
}

function declareFlags(parser: Argv, command: Command): Argv {
  for (const flag of flagsOf(command.given)) {
    if (isPositional(command, flag)) parser.positional(flag.flag, { type: 'string', describe: flag.description });
    else parser.option(flag.flag, { ...yargsOption(flag), group: 'Of this command:' });
  }
  for (const [flag, letter] of Object.entries(command.letters ?? {})) parser.alias(flag, letter);
  for (const [group, schema] of Object.entries(optionGroups)) {
    const names = Object.keys(schema.shape);
    for (const flag of optionFlags(command)) {
      if (names.includes(flag.name)) parser.option(flag.flag, { ...yargsOption(flag), group });
    }
  }
  return parser.option('config', {
    type: 'string',
    describe: 'configuration file; --no-config for none, not even the project’s own',
  });
}

function yargsOption({ kind, flag, description, choices, default: initial }: Flag): YargsOptions {
  const shown = initial !== undefined && typeof initial !== 'object' && typeof initial !== 'boolean';
  return {
    describe: initial === true ? `${description}; --no-${flag} to leave that out` : description,
    ...(kind === 'switch' ? { boolean: true } : { string: true, requiresArg: true }),
    ...((kind === 'list' || kind === 'entries') && { array: true }),
    ...(choices && { choices }),
    ...(shown && { defaultDescription: String(initial) }),
  };
}

/** The options that a command takes. */
export function optionFlags(command: Command): readonly Flag[] {
  return flagsOf(optionsSchema).filter(({ name }) => command.options.some((option) => option === name));
}

export function isPositional({ usage }: Command, { flag }: Flag): boolean {
  return usage.includes(`<${flag}>`) || usage.includes(`[${flag}]`);
}

/** yargs counts arguments and lists choices; people have names for them. */
function usageDiagnostic(message: string): DiagnosticError {
  const line = message.split('\n').join(' ');
  const [, flag, given = '', known = ''] = /Argument: (\S+), Given: "(.*)", Choices: (.*)/.exec(line) ?? [];
  if (flag !== undefined) {
    const choices = known.split(', ').map((choice) => choice.slice(1, -1));
    return diagnostics.invalidOption(`--${flag}`, `"${given}" is none of ${known}`, didYouMean(given, choices));
  }
  const [, needy] = /^Not enough arguments following: (.*)/.exec(line) ?? [];
  if (needy !== undefined) return diagnostics.invalidOption(`--${needy}`, 'needs a value');
  const said = line.startsWith('Not enough non-option arguments') ? 'an argument is missing' : line;
  return diagnostics.usage(said, 'onnx-tucker --help shows how it is used.');
}
