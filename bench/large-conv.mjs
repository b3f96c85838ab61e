/**
 * One very large convolution, read to written with check (a): 2048 × 2048 × 5 × 5 (400 MiB), Tucker-2 at a quarter of the
 * parameters. Prints wall time per stage, the peak memory of the process tree, and how far each is from its mark:
 * 60 s and 2 GiB on two cores. The Gemm limit is the time that ONNX Runtime needs for the products of the method alone.
 *
 *     node bench/large-conv.mjs [CHANNELS] [THREADS] [SWEEPS]
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromFloat64, Graph, Model, Node, Tensor, Value } from '../dist/src/ir/index.js';
import { seededRandom } from '../dist/src/numerics/index.js';
import { writeModelFile } from '../dist/src/onnx/index.js';
import { measure } from './measure.mjs';
import { mebibytes, seconds } from './paired.mjs';

const channels = Number(process.argv[2] ?? 2048);
const threads = Number(process.argv[3] ?? 2);
const sweeps = Number(process.argv[4] ?? 1);
const kernel = 5;
const cli = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));

/** W[t,s,k] = a(t)·b(s)·noise: both channel modes have singular values that fall as a and b do. */
function decayingKernel() {
  const random = seededRandom(0, 'large-conv');
  const noise = Float32Array.from({ length: 2 ** 20 - 3 }, () => random.normal());
  const data = new Float32Array(channels * channels * kernel * kernel);
  const decay = (channel) => (1 + ((channel * 977) % channels)) ** -0.6;
  let at = 0;
  for (let t = 0; t < channels; t++)
    for (let s = 0; s < channels; s++) {
      const scale = decay(t) * decay(s);
      for (let k = 0; k < kernel * kernel; k++, at++) data[at] = scale * noise[at % noise.length];
    }
  const bytes = new Uint8Array(data.buffer);
  return new Tensor('float32', [channels, channels, kernel, kernel], {
    read: () => bytes,
    byteLength: bytes.length,
    storage: 'memory',
  });
}

async function writeInput(path) {
  const graph = new Graph('large');
  const x = new Value('x', { kind: 'tensor', dtype: 'float32', shape: [1, channels, 16, 16] });
  const y = new Value('y', { kind: 'tensor', dtype: 'float32' });
  graph.inputs.push(x);
  graph.outputs.push(y);
  const weight = graph.addInitializer('w', decayingKernel());
  const bias = graph.addInitializer('b', fromFloat64(new Float64Array(channels), [channels], 'float32'));
  graph.append(new Node({ name: 'conv', opType: 'Conv', inputs: [x, weight, bias], outputs: [y] }));
  const model = new Model(8, graph);
  model.opsetImports = [{ domain: '', version: 17 }];
  await writeModelFile(model, path);
}

const folder = await mkdtemp(join(tmpdir(), 'large-conv-'));
try {
  const [input, output, report] = ['in.onnx', 'out.onnx', 'report.json'].map((name) => join(folder, name));
  await writeInput(input);
  const pipeline = `ratio-ranks{params=0.25,ends=fit},tucker-2{sweeps=${sweeps}}`;
  const command = [
    process.execPath,
    cli,
    input,
    output,
    '--pipeline',
    pipeline,
    '--check',
    'contraction',
    '--no-bench',
    '--quiet',
    '--report',
    report,
    '--threads',
    String(threads),
  ];
  const { wall, cpu, peak } = await measure(command);
  const { run, nodes } = JSON.parse(await readFile(report, 'utf8'));
  console.log(
    `${channels} × ${channels} × ${kernel} × ${kernel}, ranks ${Object.values(nodes[0].ranks).join()}, weight error ${nodes[0].weightError.toPrecision(6)}`,
  );
  for (const [stage, time] of Object.entries(run.seconds))
    console.log(`${stage.padEnd(12)}${seconds(time).padStart(10)}`);
  console.log(`${'wall'.padEnd(12)}${seconds(wall).padStart(10)}   mark 60 s`);
  console.log(`${'cpu'.padEnd(12)}${seconds(cpu).padStart(10)}`);
  console.log(`${'peak'.padEnd(12)}${mebibytes(peak).padStart(10)}   mark 2048 MiB`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
