import type { Json } from '../cache/index.ts';
import { diagnostics } from '../diagnostics.ts';
import { readModel } from '../onnx/index.ts';
import type { Plan, PlanOptions } from '../rewrite/index.ts';
import { type Decision, decide, type Setting } from './decide.ts';
import type { GoalOutcome } from './decide-goal.ts';
import { type Goal, goalTexts } from './goal.ts';
import { openEvaluation } from './judge.ts';
import { lossWarnings } from './judge-loss.ts';
import { finishModel, fitsInMemory, type OutputModel } from './output-model.ts';
import { identityOf, questionOf } from './question.ts';
import type { Findings } from './report-of-run.ts';
import type { Run } from './run.ts';

/** What a run came to. */
export interface Result {
  readonly plan: Plan;
  readonly findings: Findings;
  readonly output: OutputModel;
  /** Whether an earlier run came to it. */
  readonly cached: boolean;
}

type Told = Findings['warnings'][number];

/** How one kind of answer is kept. */
interface Kind<Answer> {
  readonly name: string;
  /** @returns undefined where it is not to be kept */
  encode(answer: Answer): Uint8Array | undefined;
  decode(bytes: Uint8Array): Answer;
  warnings(answer: Answer): readonly Told[];
}

/** Decisions under a goal, without the model that they may have been tried on: it can be made again from the plan. */
function decisions({ goal, pipeline, data }: Setting & { readonly goal: Goal }): Kind<Decision> {
  return {
    name: 'decision',
    encode: ({ plan, goal: outcome }) => toBytes({ plan, losses: outcome?.losses ?? [] }),
    decode(bytes) {
      const { plan, losses } = fromBytes(bytes) as Pick<Decision, 'plan'> & Pick<GoalOutcome, 'losses'>;
      return { plan, pipeline, data, goal: { goal, losses }, ours: goal.targets.length === 0 };
    },
    warnings: ({ goal: outcome }) => lossWarnings(outcome?.losses ?? []),
  };
}

/** Length of the JSON part, uint32 little-endian · plan and findings as JSON · the model file. */
export const results: Kind<Result> = {
  name: 'result',
  encode({ plan, findings, output }) {
    if (!fitsInMemory(output.model)) return undefined;
    const told = toBytes({ plan, findings });
    const length = Buffer.alloc(4);
    length.writeUInt32LE(told.length);
    return Buffer.concat([length, told, output.bytes()]);
  },
  decode(bytes) {
    const end = 4 + Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32LE();
    const told = fromBytes(bytes.subarray(4, end)) as Pick<Result, 'plan' | 'findings'>;
    return { ...told, output: finishModel(readModel(bytes.subarray(end)), false), cached: true };
  },
  warnings: ({ findings }) => findings.warnings,
};

function toBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function fromBytes(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** `decide`, or what an earlier run decided under the same goal. */
export async function decideOnce(
  run: Run,
  { goal, ...setting }: Setting,
  planning: Pick<PlanOptions, 'fit'> = {},
): Promise<Decision> {
  const work = () => decide(run, { ...setting, goal }, planning);
  return goal ? remembered(run, { ...setting, goal }, decisions({ ...setting, goal }), work) : work();
}

/**
 * The answer that an earlier run with the same question gave, or else that of `work`, which is kept for later ones. Bytes in
 * a cache are checksummed: a model from there is the one that was checked when it was made. Without --cache nothing is kept.
 */
export async function remembered<Answer>(
  run: Run,
  setting: Setting,
  { name, encode, decode, warnings }: Kind<Answer>,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const { cache, options, watch } = run;
  const key = options.cache === undefined ? undefined : await keyOf(run, setting, name);
  if (key === undefined) return work();
  const known = await cache.get(key);
  if (known) {
    const answer = await watch.time(
      'plan',
      () => decode(known),
      () => 'an earlier run with the same model, data and options answered',
    );
    retell(run, warnings(answer));
    return answer;
  }
  const answer = await work();
  const bytes = encode(answer);
  // What was decided without gradients, because memory was short say, is not what another run would decide.
  const isWhole = !run.warnings.some(({ code }) => code === 'no-gradients');
  if (bytes && isWhole) await cache.put(key, bytes);
  return answer;
}

/** Everything that a run's answer depends on; undefined where that cannot be said. */
async function keyOf(run: Run, { goal, pipeline, byPreset, data }: Setting, kind: string): Promise<Json | undefined> {
  const question = questionOf(run, pipeline.text, data?.evidence);
  if (question === undefined) return undefined;
  const { options, resources, loaded, unsupported } = run;
  const { check = 'model', bench = true } = options;
  const judges = await data?.judges();
  const silent = { ...options, onEvent: () => {} };
  const evaluation = unsupported ? undefined : await openEvaluation(await resources.runtime(), loaded.source, silent);
  return {
    answer: kind,
    question,
    goal: goal ? goalTexts(goal) : [],
    byPreset,
    check,
    bench,
    judges: judges ? await identityOf(judges.dataset) : null,
    evaluation: evaluation ? await identityOf(evaluation) : null,
  };
}

/** Warnings of the run that answered, apart from those that this one has told already. */
function retell({ options, warnings }: Run, earlier: readonly Told[]): void {
  const told = new Set(warnings.map(({ code, message }) => `${code} ${message}`));
  for (const { code, message } of earlier)
    if (!told.has(`${code} ${message}`))
      options.onEvent?.({ kind: 'warning', diagnostic: diagnostics.warning(code, message) });
}
