/**
 * VBMF ranks + Tucker-2 with HOOI over all k×k convolutions of a model, read to written, against the same work in Python
 * with tensorly's partial_tucker: same ranks, float64, one BLAS thread each, runs in turn.
 *
 *     npm run build && node bench/tucker-vs-tensorly.mjs [MODEL.onnx] [PAIRS] [TOLERANCE]
 *
 * HOOI stops on both sides when a sweep changes the relative error by less than TOLERANCE, 1e-7 by default.
 *
 * Both sides report their own time per stage, so start-up and imports are in neither. The timed runs contract the factors
 * in float64 to confirm the weight error and leave out what Python does not do at all, the checks in ONNX Runtime; a run
 * with all checks is printed apart. Ends with 1 where a node's weight error exceeds
 * tensorly's by more than 1e-6.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { measure } from './measure.mjs';
import { compare, comparisonLine, mebibytes, median, paired, seconds } from './paired.mjs';
import { benchPython, command, oneThread, root } from './python.mjs';

/** By how much a weight error may exceed tensorly's. */
const allowedExcess = 1e-6;
const [model = join(root, 'examples/digits/digits.onnx'), pairs = '5', tolerance = '1e-7'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'onnx-tucker-bench-'));
const file = (name) => join(folder, name);

try {
  process.exitCode = await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const python = benchPython();
  const ours = {
    name: 'onnx-tucker',
    command: ourCommand(resolve(model), file('small.onnx'), 'fuse-batch-norm,vbmf-ranks,tucker-2'),
  };
  await measure(ourCommand(resolve(model), file('fused.onnx'), 'fuse-batch-norm'));
  await measure(ours.command);
  const checked = reportOf('small.onnx');
  const nodes = checked.nodes.filter(({ method }) => method === 'tucker-2');
  writeFileSync(file('ranks.json'), JSON.stringify(Object.fromEntries(nodes.map(ranksOf))));
  const theirs = {
    name: 'tensorly',
    command: [
      ...[python, join(root, 'bench/tensorly_tucker.py')],
      ...['fused.onnx', 'ranks.json', 'tensorly.onnx'].map(file),
      tolerance,
    ],
    env: oneThread,
  };
  const samples = await paired(theirs, withReports(ours), Number(pairs));
  const python0 = JSON.parse(samples[0].a.stdout);
  console.log(`BLAS in Python: ${python0.blas.join(', ')}`);
  const worst = printNodes(nodes, python0);
  printTimes(samples);
  console.log(`with all checks: ${stageText([{ b: checked.run.seconds }], 'b')}`);
  return worst <= allowedExcess ? 0 : 1;
}

/** @param {string} input @param {string} output @param {string} pipeline */
function ourCommand(input, output, pipeline) {
  const report = output.replace(/\.onnx$/, '.json');
  const options = ['--threads', '1', '--no-bench', '--quiet', '--force', '--report', report];
  return command([input, output, '--pipeline', pipeline, ...options]);
}

/** Without the checks in ONNX Runtime; the report goes to stdout as well, so that each sample carries its own. @param {{ command: readonly string[] }} side */
function withReports(side) {
  return { ...side, command: [...side.command, '--json', '--check', 'contraction'] };
}

/** @param {string} output */
function reportOf(output) {
  return JSON.parse(readFileSync(file(output.replace(/\.onnx$/, '.json')), 'utf8'));
}

/** Ranks as partial_tucker takes them; a mode that is left whole has its full size. */
function ranksOf({ name, shape: [outputs, inputs], ranks }) {
  return [name, [ranks.R4 ?? outputs, ranks.R3 ?? inputs]];
}

/** Largest excess of our weight error over tensorly's. */
function printNodes(nodes, { errors, vbmfRanks }) {
  console.log(
    `${'node'.padEnd(40)}${'R4,R3'.padStart(10)}${'VBMF in Python'.padStart(18)}  weight error: ours, tensorly`,
  );
  const excesses = nodes.map((node) => {
    const [name, ranks] = ranksOf(node);
    const excess = node.weightError - errors[name];
    const figures = [node.weightError, errors[name], excess].map((value) => value.toExponential(6)).join('  ');
    console.log(`${name.padEnd(40)}${ranks.join().padStart(10)}${vbmfRanks[name].join().padStart(18)}  ${figures}`);
    return excess;
  });
  const worst = Math.max(...excesses);
  console.log(
    `ours − tensorly: ${Math.min(...excesses).toExponential(2)} to ${worst.toExponential(2)} over ${nodes.length} nodes\n`,
  );
  return worst;
}

function printTimes(samples) {
  const stages = samples.map(({ a, b }) => ({ a: JSON.parse(a.stdout).seconds, b: JSON.parse(b.stdout).run.seconds }));
  const work = samples.map((_, pair) => ({ a: stages[pair].a.total, b: ownWork(stages[pair].b) }));
  console.log(
    `${''.padEnd(24)}${'tensorly'.padStart(12)}${'onnx-tucker'.padStart(12)}   ratio (range over ${samples.length} pairs)`,
  );
  console.log(comparisonLine('read to written', compare(work, Number), seconds));
  console.log(
    comparisonLine(
      'process, wall',
      compare(samples, ({ wall }) => wall),
      seconds,
    ),
  );
  console.log(
    comparisonLine(
      'process, CPU',
      compare(samples, ({ cpu }) => cpu),
      seconds,
    ),
  );
  console.log(
    comparisonLine(
      'peak of process tree',
      compare(samples, ({ peak }) => peak),
      mebibytes,
    ),
  );
  for (const [name, side] of [
    ['tensorly', 'a'],
    ['onnx-tucker', 'b'],
  ])
    console.log(`${name}: ${stageText(stages, side)}`);
}

/** Seconds of what the Python side does as well. */
function ownWork({ verify = 0, evaluate = 0, bench = 0, ...stages }) {
  return Object.values(stages).reduce((sum, value) => sum + value, 0);
}

function stageText(stages, side) {
  const medianOf = (name) => median(stages.map((stage) => stage[side][name]));
  const names = Object.keys(stages[0][side]);
  return names.map((name) => `${name} ${medianOf(name).toFixed(3)} s`).join(' · ');
}
