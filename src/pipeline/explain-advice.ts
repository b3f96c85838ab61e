import type { PlanNode } from '../rewrite/index.ts';

/** What a plan does with a node, in a sentence. */
export function decisionText({ method, ranks, rankSource, skipped }: PlanNode): string {
  if (skipped) return `kept (${skipped.code}): ${skipped.text}`;
  if (method === null) return 'kept, as the plan says';
  return `rewritten by ${method} with ${ranksText(ranks)}, chosen by ${rankSource ?? 'the plan'}`;
}

/** `R3=32, R4=32`. */
export function ranksText(ranks: PlanNode['ranks']): string {
  return Object.entries(ranks ?? {})
    .map(([name, rank]) => `${name}=${rank}`)
    .join(', ');
}

/** What to write to decide otherwise. */
export function adviceFor({ name, method, skipped }: PlanNode): readonly string[] {
  if (!skipped)
    return [
      `--exclude '${name}' keeps it; --ranks '${name}=…' sets its ranks; --skip-pass ${method} takes the next method`,
    ];
  switch (skipped.code) {
    case 'excluded':
      return ['--include and --exclude decide which nodes are considered'];
    case 'no-gain':
      return ["--require-gain none rewrites it all the same; smaller ranks may gain: --ranks '…'"];
    case 'error-bound':
      return [
        'error-ranks{max=…} allows a larger error; ratio-ranks, energy-ranks and vbmf-ranks choose without a bound',
      ];
    case 'end-layer':
      return ['ratio-ranks{ends=fit} includes the first and the last layer'];
    case 'weight-overridable':
      return ['--freeze-inputs makes weights constant that are listed as graph inputs'];
    case 'rank-zero':
      return ['vbmf-ranks{minimum=…} sets a smallest rank'];
    case 'shape-unknown':
      return ['--input-shape name:1,3,224,224 makes the shapes known'];
    case 'no-method':
      return ['add a factorize pass that takes this operator: "onnx-tucker inspect --passes" lists them'];
    default:
      return [];
  }
}
