/**
 * Time of an allocation, over the classes of instances and their sizes: median and worst over seeds, and how many were
 * proven optimal.
 *
 * Usage: npm run build && node bench/allocate.mjs [SEEDS] [BUDGETS] [GROUPSxOPTIONS …]
 */
import { allocate } from '../dist/src/allocate/index.js';
import { seededRandom } from '../dist/src/numerics/index.js';
import { allocationInstance, classes } from './allocation-instances.mjs';

const [seeds = '10', budgets = '1', ...sizes] = process.argv.slice(2);

function timed(kind, seed) {
  const instance = allocationInstance(seededRandom(seed, kind.name), kind);
  const start = performance.now();
  const result = allocate(instance.groups, instance.budgets);
  return { time: performance.now() - start, optimal: result?.optimal ?? false };
}

console.log('class          numbers  groups × options   median ms   worst ms   proven');
for (const size of sizes.length > 0 ? sizes : ['20x20', '150x20', '300x200']) {
  const [groups, options] = size.split('x').map(Number);
  for (const name of Object.keys(classes))
    for (const real of [false, true]) {
      const kind = { name, groups, options, real, budgets: Number(budgets) };
      const runs = Array.from({ length: Number(seeds) }, (_, seed) => timed(kind, seed));
      const times = runs.map(({ time }) => time).sort((a, b) => a - b);
      const [median, worst] = [times[times.length >> 1], times.at(-1)].map((time) => time.toFixed(1).padStart(9));
      const proven = runs.filter(({ optimal }) => optimal).length;
      console.log(
        `${name.padEnd(13)}  ${real ? 'real ' : 'whole'}    ${size.padEnd(16)}  ${median}  ${worst}   ${proven}/${seeds}`,
      );
    }
}
