import { costShare, paretoFrontier, percent, qualityOf, signed } from '../report/index.ts';
import { runtimeInfo } from '../runtime/index.ts';
import { weightsAlone } from './evidence.ts';
import { type Frontier, type FrontierPoint, frontierSchema } from './frontier.ts';
import type { TargetKind } from './goal.ts';
import type { ModelInput, SweepOptions } from './options.ts';
import { calibrationOf } from './report-of-run.ts';
import { withRun } from './run.ts';
import { factsOfInput, summarize } from './summary.ts';
import { sweepEvents } from './sweep-events.ts';
import { type SweepPoint, sweepPoint } from './sweep-point.ts';
import { openSweepSearch } from './sweep-search.ts';
import { sweepTargets } from './sweep-targets.ts';
import { tool } from './tool.ts';

/**
 * Models of falling cost, each with the least loss that was found for what it may cost. The data, the candidates with their
 * errors, the times of operators and the answers of the original are found once for all. With `cache` each point is kept
 * when it is done, and read in later calls; nothing is written otherwise. Fits are `fast` unless `effort` says more.
 *
 * @throws check-failed (5), and what `plan` throws for options, models and data
 */
export async function sweep(input: ModelInput, options: SweepOptions = {}): Promise<Frontier> {
  const { over, targets, shard } = sweepTargets(options);
  const { over: _over, points: _points, shard: _shard, ...rest } = options;
  const { effort = 'fast', onEvent } = options;
  const events = sweepEvents(onEvent);
  return withRun(input, { ...rest, effort, onEvent: events.onEvent }, async (run) => {
    const search = await openSweepSearch(run, over, targets);
    const made: SweepPoint[] = [];
    for (const [k, target] of targets.entries()) {
      run.options.signal?.throwIfAborted();
      const name = `${k + 1}/${targets.length}  ${over} ${target.text}`;
      made.push(
        await events.point(
          () => sweepPoint(search, target),
          (point) => `${name}: ${lineOf(point)}`,
        ),
      );
    }
    const { threads = 1, argv } = run.options;
    const { version, instructionSet } = runtimeInfo();
    return frontierSchema.parse({
      version: 1,
      tool,
      run: {
        argv: argv ? [...argv] : null,
        threads,
        runtime: `ONNX Runtime ${version ?? 'not installed'}, ${instructionSet}`,
        seconds: { ...run.watch.seconds },
        cached: made.filter(({ earlier }) => earlier).length,
      },
      model: summarize(factsOfInput(run)),
      over,
      pipeline: search.pipeline.text,
      seed: run.resources.environment.seed,
      calibration: calibrationOf(search.data?.evidence ?? weightsAlone),
      shard,
      points: withFrontier(
        made.map(({ point }) => point),
        over,
      ),
    });
  });
}

/** `reached 0.498x, top-1 97.8 % (−0.4 points), 1.62× as fast`. */
function lineOf({ point: { met, accuracy, agreement, latency }, reached, earlier }: SweepPoint): string {
  const judged = accuracy
    ? `, top-1 ${percent(accuracy.after)} (${signed(accuracy.difference, 1)} points)`
    : agreement && typeof agreement.top1Agreement === 'number'
      ? `, agreement ${percent(agreement.top1Agreement)}`
      : '';
  const timed = latency ? `, ${latency.ratio.toFixed(2)}× as fast` : '';
  return `reached ${reached}${met ? '' : ', not met'}${judged}${timed}${earlier ? ', made earlier' : ''}`;
}

function withFrontier(points: readonly Omit<FrontierPoint, 'frontier'>[], over: TargetKind): FrontierPoint[] {
  const quality = qualityOf(points);
  const rated = points.map((point) => {
    const [cost, kept] = [costShare(point, over), quality?.of(point)];
    if (!quality || !kept || cost === undefined) return undefined;
    return { cost, loss: quality.better === 'more' ? -kept.value : kept.value };
  });
  const marked = paretoFrontier(rated);
  return points.map((point, k) => ({ ...point, frontier: marked[k] ?? false }));
}
