import type { Candidates } from './candidates.ts';

/**
 * Candidates in order of weight, and of equals the one added first. With `thin`, those are left out that weigh no less
 * than another and err no less, up to `equal`; what is left falls in error.
 *
 * @returns positions among the candidates
 */
export function mergeRuns(candidates: Candidates, thin: boolean, equal: number): Int32Array {
  let runs = runsOf(candidates);
  while (runs.length > 1) {
    const merged: Int32Array[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [a, b] = [runs[at]!, runs[at + 1]];
      merged.push(b ? mergeTwo(candidates, a, b, thin ? equal : undefined) : a);
    }
    runs = merged;
  }
  return runs[0] ?? new Int32Array();
}

function runsOf({ ends }: Candidates): Int32Array[] {
  return ends.map((end, run) => {
    const start = run === 0 ? 0 : ends[run - 1]!;
    const positions = new Int32Array(end - start);
    for (let at = start; at < end; at++) positions[at - start] = at;
    return positions;
  });
}

/** @param equal undefined keeps everything */
function mergeTwo({ weight, error }: Candidates, a: Int32Array, b: Int32Array, equal: number | undefined): Int32Array {
  const merged = new Int32Array(a.length + b.length);
  let [i, j, count] = [0, 0, 0];
  let least = Number.POSITIVE_INFINITY;
  while (i < a.length || j < b.length) {
    const fromA = j === b.length || (i < a.length && isFirst(weight, error, a[i]!, b[j]!));
    const next = fromA ? a[i++]! : b[j++]!;
    if (equal !== undefined) {
      if (error[next]! >= least - equal) continue;
      least = error[next]!;
    }
    merged[count++] = next;
  }
  return merged.subarray(0, count);
}

function isFirst(weight: Float64Array, error: Float64Array, a: number, b: number): boolean {
  return weight[a]! < weight[b]! || (weight[a] === weight[b] && error[a]! <= error[b]!);
}
