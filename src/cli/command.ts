import type { z } from 'zod';
import { diagnostics, type ExitCode } from '../diagnostics.ts';
import type { OnEvent } from '../events.ts';
import type { Engine } from './engine.ts';
import { kebabCase } from './flags.ts';
import type { OptionName, Options } from './options.ts';
import type { Output } from './output.ts';

/** What a command works with. Nothing of it is global. */
export interface CommandContext {
  readonly engine: Engine;
  readonly options: Options;
  readonly output: Output;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** All of standard input. */
  readStdin(): Promise<Uint8Array>;
}

export interface Command {
  /** Name and positionals as yargs writes them: `plan <input>`; `$0` is the default. */
  readonly usage: string;
  readonly summary: string;
  /** Command lines and what each is for: they come first in --help. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** Positionals, and flags that only the command line may give. */
  readonly given: z.ZodObject;
  readonly options: readonly OptionName[];
  /** One-letter names of flags. */
  readonly letters?: Readonly<Record<string, string>>;
  /** @throws DiagnosticError, whose exit code becomes the command's */
  start(given: Readonly<Record<string, unknown>>, context: CommandContext): Promise<ExitCode>;
}

export interface CommandDefinition<Given extends z.ZodObject> extends Omit<Command, 'start' | 'given'> {
  readonly given: Given;
  run(given: z.output<Given>, context: CommandContext): Promise<ExitCode>;
}

/** Types `run` by the schema of what is given on the command line. */
export function defineCommand<Given extends z.ZodObject>({ run, ...definition }: CommandDefinition<Given>): Command {
  return {
    ...definition,
    start: async (values, context) => {
      const { success, data, error } = definition.given.safeParse(values);
      if (success) return run(data, context);
      const [issue] = error.issues;
      const name = kebabCase(String(issue?.path[0] ?? ''));
      const shown = definition.usage.includes(`<${name}>`) ? name : `--${name}`;
      const missing = issue?.code === 'invalid_type' && !(name in values);
      throw diagnostics.invalidOption(shown, missing ? 'is needed' : (issue?.message ?? 'not valid'));
    },
  };
}
