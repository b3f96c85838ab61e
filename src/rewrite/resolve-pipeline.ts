import { z } from 'zod';
import { diagnostics, didYouMean } from '../diagnostics.ts';
import type { Pass } from '../pass/index.ts';
import { type OptionValue, type PipelineEntry, type PipelineOption, parsePipeline } from './pipeline-text.ts';

/** A pass of the pipeline with its options parsed; `entry` is how the user wrote it, which is what reports repeat. */
export interface PipelineStep {
  readonly pass: Pass;
  readonly options: unknown;
  readonly entry: PipelineEntry;
}

/**
 * A textual pipeline as passes with options that their schemas accept.
 *
 * @throws invalid-pipeline, unknown-pass or invalid-option with a suggestion
 */
export function resolvePipeline(text: string, passes: readonly Pass[]): readonly PipelineStep[] {
  return parsePipeline(text).map((entry) => {
    const pass = findPass(entry.name, passes);
    return { pass, options: parseOptions(pass, entry.options), entry };
  });
}

/** @throws unknown-pass with a suggestion */
export function findPass(name: string, passes: readonly Pass[]): Pass {
  const found = passes.find((pass) => pass.name === name);
  if (found) return found;
  const names = passes.map((pass) => pass.name);
  throw diagnostics.unknownPass(name, didYouMean(name, names) ?? `The passes are ${names.join(', ')}.`);
}

/** Options through the schema of the pass: one scalar given where the schema wants a list is a list of one. */
function parseOptions(pass: Pass, options: readonly PipelineOption[]): unknown {
  const given = Object.fromEntries(options.map(({ key, value }) => [key, value]));
  const first = pass.options.safeParse(given);
  if (first.success) return first.data;
  const listed = wrapScalars(given, first.error.issues);
  const { success, data, error } = pass.options.safeParse(listed);
  if (success) return data;
  throw optionDiagnostic(pass, error.issues);
}

function wrapScalars(given: Readonly<Record<string, OptionValue>>, issues: readonly z.core.$ZodIssue[]) {
  const wanted = new Set(issues.filter(wantsList).map(({ path: [key] }) => key));
  const wrap = ([key, value]: [string, OptionValue]) => [key, wanted.has(key) ? [value].flat() : value];
  return Object.fromEntries(Object.entries(given).map(wrap));
}

function wantsList(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.expected === 'array' && issue.path.length === 1;
}

function optionDiagnostic(pass: Pass, issues: readonly z.core.$ZodIssue[]) {
  const known = pass.options instanceof z.ZodObject ? Object.keys(pass.options.shape) : [];
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const [key = ''] = issue.keys;
    const all = known.length > 0 ? `Its options are ${known.join(', ')}.` : 'It has no options.';
    return diagnostics.invalidOption(pass.name, `has no option "${key}"`, didYouMean(key, known) ?? all);
  }
  const [issue] = issues;
  const path = issue?.path.map(String).join('.') ?? '';
  return diagnostics.invalidOption(path ? `${pass.name}{${path}}` : pass.name, issue?.message ?? 'invalid options');
}
