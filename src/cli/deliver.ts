import { extname, resolve } from 'node:path';
import { diagnostics, type ExitCode } from '../diagnostics.ts';
import { type Report, toHtml, toJson, toTerminal } from '../report/index.ts';
import type { CommandContext } from './command.ts';
import type { Compressed } from './engine.ts';
import { isSameFile, refuseExisting, standardStream, writeText } from './files.ts';

/**
 * Where the model of `run` and `apply` goes; undefined for a dry run.
 *
 * @throws output-exists, output-is-input, usage: before any work
 */
export async function outputTarget(
  input: string,
  output: string | undefined,
  { options: { force, inPlace, json, report } }: CommandContext,
): Promise<string | undefined> {
  for (const path of report) await checkReportPath(path, force, { input, output });
  if (new Set(report.map((path) => resolve(path))).size < report.length)
    throw diagnostics.usage('two reports want one file');
  const same =
    output !== undefined && output !== standardStream && (output === input || (await isSameFile(input, output)));
  if (inPlace) {
    if (input === standardStream) throw diagnostics.usage('--in-place needs a file, not standard input');
    if (output !== undefined && !same) throw diagnostics.usage('--in-place replaces the input: leave the output away');
    return input;
  }
  if (same && input !== standardStream) throw diagnostics.outputIsInput(output);
  if (output === standardStream) {
    if (json) throw diagnostics.usage('--json and the model both want standard output', 'Use --report report.json.');
  } else if (output !== undefined) await refuseExisting(output, force);
  return output;
}

/** Writes the model, then the reports, then shows the result. */
export async function deliver(
  result: Compressed,
  target: string | undefined,
  context: CommandContext,
): Promise<ExitCode> {
  const { options, output } = context;
  const missed = result.report.targets.filter(({ met }) => !met);
  const refused = missed.length > 0 && !options.bestEffort;
  if (!refused && target === standardStream) await output.write(result.bytes());
  else if (!refused && target !== undefined)
    await result.writeTo(target, { overwrite: options.force || options.inPlace });
  for (const path of options.report) await writeText(path, renderReport(path, result.report), context);
  show(result.report, target, context);
  if (refused) throw diagnostics.targetMissed(missed);
  return 0;
}

/** The table is the result of a dry run and of a written file; beside a model on stdout it is talk. */
function show(report: Report, target: string | undefined, { options, output }: CommandContext): void {
  if (options.json) {
    output.print(toJson(report).trimEnd());
    return;
  }
  if (options.quiet) return;
  const stream = target === standardStream ? 'stderr' : 'stdout';
  const width = output.width[stream];
  const text = toTerminal(report, { color: output.color[stream], ...(width && { width }) }).trimEnd();
  if (stream === 'stderr') output.say(text);
  else output.print(text);
  if (target === undefined) output.say(' Nothing was written: name an output file to write the model.');
}

async function checkReportPath(
  path: string,
  force: boolean,
  models: { readonly input: string; readonly output: string | undefined },
): Promise<void> {
  if (!['.json', '.html'].includes(extname(path))) {
    throw diagnostics.usage(`--report ${path}: a report is .json or .html`);
  }
  for (const [role, model] of Object.entries(models)) {
    const same = model !== undefined && (resolve(model) === resolve(path) || (await isSameFile(model, path)));
    if (same)
      throw diagnostics.usage(`--report ${path}: the report would replace the ${role} model`, 'Use another path.');
  }
  await refuseExisting(path, force);
}

function renderReport(path: string, report: Report): string {
  return extname(path) === '.html' ? toHtml(report) : toJson(report);
}
