import type { Readable } from 'node:stream';
import { diagnostics, type ExitCode } from '../diagnostics.ts';
import type { Command, CommandContext } from './command.ts';
import { commands } from './commands/index.ts';
import { configSchema } from './config.ts';
import { findConfig, readConfig } from './config-file.ts';
import type { Engine } from './engine.ts';
import { type Environment, readEnvironment, suspectVariables } from './environment.ts';
import { reportFailure } from './failure.ts';
import { mergeLayers, type OptionLayer, parseLayer } from './option-layers.ts';
import { createOutput, type OutputStream } from './output.ts';
import { type Invocation, parseArguments } from './parse-arguments.ts';
import { createProgress } from './progress.ts';

/** All that the command has of the process it runs in. */
export interface CliProcess {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly environment: Environment;
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by SIGINT and SIGTERM; its reason is the diagnostic that ends the run. */
  readonly signal: AbortSignal;
}

/** argv → options → library → exit code. Never throws: whatever goes wrong is said on stderr. */
export async function runCli(host: CliProcess, engine: Engine): Promise<ExitCode> {
  const { stdout, stderr, environment, argv } = host;
  const verbose = argv.includes('--verbose');
  const output = createOutput({ stdout, stderr, environment, quiet: false });
  try {
    const invocation = await parseArguments(argv, {
      commands,
      version: engine.version,
      width: Math.min(110, stdout.columns ?? 100),
      epilogue: await passList(engine, argv),
    });
    if (invocation.kind === 'command') return await startCommand(invocation, host, engine);
    output.print(invocation.text);
    return 0;
  } catch (cause) {
    return reportFailure(host.signal.aborted ? host.signal.reason : cause, output, verbose);
  }
}

async function startCommand(
  invocation: Extract<Invocation, { kind: 'command' }>,
  host: CliProcess,
  engine: Engine,
): Promise<ExitCode> {
  const { command, given } = invocation;
  const { stdout, stderr, environment, argv, cwd, stdin, signal } = host;
  const options = mergeLayers(await optionLayers(invocation, host));
  const output = createOutput({ stdout, stderr, environment, quiet: options.quiet });
  for (const warning of suspectVariables(environment)) output.say(warning);
  const progress = createProgress({ output, bars: options.progress, verbose: options.verbose });
  const context: CommandContext = {
    ...{ engine, options, output, cwd, argv, signal },
    onEvent: progress.onEvent,
    readStdin: () => readAll(stdin, signal),
  };
  try {
    return await command.start(given, context);
  } finally {
    progress.stop();
  }
}

/** Flags, environment, configuration: the first wins. */
async function optionLayers(
  { options, config, command }: Extract<Invocation, { kind: 'command' }>,
  { environment, cwd }: CliProcess,
): Promise<readonly OptionLayer[]> {
  const layers = [parseLayer('command line', options), readEnvironment(environment)];
  if (config !== false && command.options.some((name) => name in configSchema.shape)) {
    const file = config === undefined ? await findConfig(cwd) : await readConfig(config);
    if (file) layers.push(file);
  }
  return layers.map((layer) => forCommand(layer, command));
}

/** The environment and a configuration may hold options that this command does not have. */
function forCommand(layer: OptionLayer, command: Command): OptionLayer {
  const known = Object.entries(layer.options).filter(([name]) => command.options.some((option) => option === name));
  return { ...layer, options: Object.fromEntries(known) };
}

/** The passes stand below --help; they cost a load of all of them, so only there. */
async function passList(engine: Engine, argv: readonly string[]): Promise<string> {
  if (!argv.includes('--help') && !argv.includes('-h')) return '';
  const passes = await engine.passes();
  const width = Math.max(0, ...passes.map(({ name }) => name.length));
  return ['Built-in passes:', ...passes.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)].join('\n');
}

async function readAll(stdin: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) {
    signal.throwIfAborted();
    chunks.push(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
  }
  if (chunks.length === 0)
    throw diagnostics.usage('standard input is empty', 'Pipe a model in: onnx-tucker - < model.onnx');
  return Buffer.concat(chunks);
}
