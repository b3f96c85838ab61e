/**
 * Our least error against that of HiGHS (wasm) on the instances of allocation-suite.mjs, by family, budgets and size: how
 * many are equal, by how much the worst of the others differs, and the time of both.
 *
 * Usage: npm run build && node bench/allocate-against-highs.mjs [INSTANCES] [SECONDS OF HiGHS FOR EACH]
 */
import { allocate } from '../dist/src/allocate/index.js';
import { seededRandom } from '../dist/src/numerics/index.js';
import { allocationInstance } from './allocation-instances.mjs';
import { allocationSuite } from './allocation-suite.mjs';
import { highsAllocation } from './highs-allocation.mjs';

const [instances = '1000', limit = '300'] = process.argv.slice(2);

function timed(work) {
  const start = performance.now();
  const result = work();
  return { result, seconds: (performance.now() - start) / 1e3 };
}

const rows = new Map();
for (const { kind, seed } of allocationSuite(seededRandom).slice(0, Number(instances))) {
  const { groups, budgets } = allocationInstance(seededRandom(seed, kind.name), kind);
  const ours = timed(() => allocate(groups, budgets));
  const theirs = timed(() => highsAllocation(groups, budgets, { whole: !kind.real, seconds: Number(limit) }));
  const [a, b] = [ours.result, theirs.result];
  // Where both find nothing, both say the same.
  const gap = a && b ? (a.error - b.error) / Math.max(b.error, 1e-12) : Number(a !== b);
  const over = b ? Math.max(...b.costs.map((cost, k) => cost / budgets[k] - 1)) : 0;
  const size = kind.groups === 150 ? '150' : `≤ ${50 * Math.ceil(kind.groups / 50)}`;
  const key = `${kind.name.padEnd(13)} ${String(kind.budgets).padStart(7)}  ${size.padEnd(6)}`;
  rows.set(key, [...(rows.get(key) ?? []), { gap, a, b, ours: ours.seconds, theirs: theirs.seconds }]);
  if (Math.abs(gap) > 1e-9 || !(a?.optimal ?? true) || !(b?.proven ?? true))
    console.log(JSON.stringify({ seed, kind, gap, over, proven: a?.optimal, theirs: b?.proven, error: a?.error }));
}

const most = (values) => Math.max(...values);
const median = (values) => values.toSorted((x, y) => x - y)[values.length >> 1];
console.log('family        budgets  groups  instances  equal  proven  largest gap   ours s (worst)   HiGHS s (worst)');
for (const [key, found] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const equal = found.filter(({ gap }) => Math.abs(gap) <= 1e-9).length;
  const proven = found.filter(({ a }) => a?.optimal ?? true).length;
  const [ours, theirs] = ['ours', 'theirs'].map((who) => {
    const seconds = found.map((one) => one[who]);
    return `${median(seconds).toFixed(3).padStart(7)} (${most(seconds).toFixed(3)})`.padEnd(17);
  });
  const gap = most(found.map((one) => Math.abs(one.gap))).toExponential(1);
  console.log(
    `${key}  ${String(found.length).padStart(9)}  ${String(equal).padStart(5)}  ${String(proven).padStart(6)}  ${gap.padStart(11)}  ${ours}  ${theirs}`,
  );
}
