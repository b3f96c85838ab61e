/**
 * ResNets for CIFAR-10 (He et al. 2016, option A: shortcuts drop pixels and pad channels) with seeded He weights, as ONNX,
 * and images to feed them. Each batch-norm holds the mean and the variance that its convolution has on such images, so
 * that activations keep their size through 55 layers as they do in a trained network.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attribute, fromFloat64, Graph, int64Tensor, Model, Node, Value } from '../dist/src/ir/index.js';
import { seededRandom } from '../dist/src/numerics/index.js';
import { writeModel, writeModelFile } from '../dist/src/onnx/index.js';
import { openRuntime } from '../dist/src/runtime/index.js';

/** Images that the statistics of the batch-norms are taken from. */
const observed = 64;

/**
 * Writes a ResNet of 6·blocks + 2 layers.
 *
 * @param {string} path
 * @param {{ blocks: number, seed: number }} options
 */
export async function writeResnet(path, { blocks, seed }) {
  const statistics = await observe(new Builder(seed, measuringNorm).resnet(blocks), seed);
  await writeModelFile(new Builder(seed, storedNorm(statistics)).resnet(blocks), path);
}

/**
 * Writes a ResNet-56, 512 images and what prepares them.
 *
 * @param {string} folder
 */
export async function writeResnet56(folder) {
  const [model, calibrate, preprocess] = ['resnet56.onnx', 'images.npy', 'preprocess.json'].map((name) =>
    join(folder, name),
  );
  await writeResnet(model, { blocks: 9, seed: 0 });
  await writeFile(calibrate, randomImages(512, 0));
  await writeFile(preprocess, JSON.stringify({ layout: 'NCHW', scale: 1 / 255, mean: 0.5, std: 0.25 }));
  return { model, calibrate, preprocess };
}

/**
 * Blocks of colour under noise: uint8 [count, 32, 32, 3] as .npy.
 *
 * @param {number} count
 * @param {number} seed
 */
export function randomImages(count, seed) {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${count}, 32, 32, 3), }`.padEnd(117);
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]);
  return Buffer.concat([prefix, Buffer.from(`${header}\n`), randomPixels(count, seed)]);
}

/** uint8[count, 32, 32, 3] */
function randomPixels(count, seed) {
  const random = seededRandom(seed, 'images');
  const pixels = new Uint8Array(count * 32 * 32 * 3);
  for (let image = 0; image < count; image++) {
    const colours = random.normals(4 * 4 * 3);
    const noise = random.normals(32 * 32 * 3);
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 32; x++)
        for (let c = 0; c < 3; c++) {
          const at = (y * 32 + x) * 3 + c;
          const value = 128 + 50 * colours[((y >> 3) * 4 + (x >> 3)) * 3 + c] + 15 * noise[at];
          pixels[image * 32 * 32 * 3 + at] = Math.min(255, Math.max(0, value));
        }
  }
  return pixels;
}

/** Runs the measuring network once. @returns {Promise<Record<string, Float32Array>>} means and variances by name */
async function observe(model, seed) {
  const pixels = randomPixels(observed, seed);
  const data = new Float32Array(pixels.length);
  for (let image = 0; image < observed; image++)
    for (let at = 0; at < 32 * 32; at++)
      for (let c = 0; c < 3; c++)
        data[(image * 3 + c) * 32 * 32 + at] = (pixels[(image * 32 * 32 + at) * 3 + c] / 255 - 0.5) / 0.25;
  const runtime = await openRuntime();
  try {
    const session = await runtime.load(writeModel(model));
    const outputs = await session.run({ input: { dtype: 'float32', dims: [observed, 3, 32, 32], data } });
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data]));
  } finally {
    await runtime.close();
  }
}

/** A batch-norm spelled out, whose mean and variance are outputs of the graph. */
function measuringNorm(builder, x, name) {
  const mean = builder.node('ReduceMean', `${name}/mean`, [x], [attribute.ints('axes', [0, 2, 3])]);
  const centred = builder.node('Sub', `${name}/centred`, [x, mean]);
  const squared = builder.node('Mul', `${name}/squared`, [centred, centred]);
  const variance = builder.node('ReduceMean', `${name}/variance`, [squared], [attribute.ints('axes', [0, 2, 3])]);
  const deviation = builder.node('Sqrt', `${name}/deviation`, [variance]);
  builder.graph.outputs.push(mean, variance);
  return builder.node('Div', `${name}/normalised`, [centred, deviation]);
}

function storedNorm(statistics) {
  return (builder, x, name, channels) => {
    const stored = { scale: 1, shift: 0, mean: statistics[`${name}/mean`], variance: statistics[`${name}/variance`] };
    const inputs = Object.entries(stored).map(([part, values]) =>
      builder.weights(`${name}/bn/${part}`, typeof values === 'number' ? new Array(channels).fill(values) : values, [
        channels,
      ]),
    );
    return builder.node('BatchNormalization', `${name}/bn`, [x, ...inputs]);
  };
}

/** Adds nodes to a graph; every node has one output, of its own name. */
class Builder {
  graph = new Graph('resnet');

  constructor(seed, norm) {
    this.seed = seed;
    this.norm = norm;
  }

  node(opType, name, inputs, attributes = [], shape = undefined) {
    const output = new Value(name, { kind: 'tensor', dtype: 'float32', ...(shape && { shape }) });
    this.graph.append(new Node({ name, opType, inputs, outputs: [output], attributes }));
    return output;
  }

  weights(name, values, dims) {
    return this.graph.addInitializer(name, fromFloat64(values, dims, 'float32'));
  }

  /** He's initialisation: variance 2 / fan-in. */
  heWeights(name, dims) {
    const [, ...inputs] = dims;
    const fanIn = inputs.reduce((product, size) => product * size, 1);
    const normals = seededRandom(this.seed, name).normals(dims[0] * fanIn);
    return this.weights(
      `${name}/weight`,
      normals.map((x) => x * Math.sqrt(2 / fanIn)),
      dims,
    );
  }

  /** Conv(3×3) · BatchNormalization */
  convolution(x, name, inputs, outputs, stride) {
    const attributes = [
      attribute.ints('kernel_shape', [3, 3]),
      attribute.ints('pads', [1, 1, 1, 1]),
      attribute.ints('strides', [stride, stride]),
    ];
    const y = this.node('Conv', name, [x, this.heWeights(name, [outputs, inputs, 3, 3])], attributes);
    return this.norm(this, y, name, outputs);
  }

  block(x, name, inputs, outputs) {
    const stride = inputs === outputs ? 1 : 2;
    const first = this.node('Relu', `${name}/relu1`, [this.convolution(x, `${name}/conv1`, inputs, outputs, stride)]);
    const second = this.convolution(first, `${name}/conv2`, outputs, outputs, 1);
    const sum = this.node('Add', `${name}/add`, [second, stride === 1 ? x : this.shortcut(x, name, outputs - inputs)]);
    return this.node('Relu', `${name}/relu2`, [sum]);
  }

  /** Every other pixel, and zeros for the new channels. */
  shortcut(x, name, extra) {
    const integers = (part, values) => this.graph.addInitializer(`${name}/${part}`, int64Tensor(values));
    const whole = 2 ** 31 - 1;
    const slice = [
      integers('starts', [0, 0]),
      integers('ends', [whole, whole]),
      integers('axes', [2, 3]),
      integers('steps', [2, 2]),
    ];
    const thinned = this.node('Slice', `${name}/slice`, [x, ...slice]);
    const pads = integers('pads', [0, extra / 2, 0, 0, 0, extra / 2, 0, 0]);
    return this.node('Pad', `${name}/pad`, [thinned, pads]);
  }

  resnet(blocks) {
    const input = new Value('input', { kind: 'tensor', dtype: 'float32', shape: ['N', 3, 32, 32] });
    this.graph.inputs.push(input);
    let x = this.node('Relu', 'relu', [this.convolution(input, 'conv1', 3, 16, 1)]);
    let inputs = 16;
    for (const outputs of [16, 32, 64])
      for (let at = 0; at < blocks; at++, inputs = outputs) x = this.block(x, `${outputs}.${at}`, inputs, outputs);
    const pooled = this.node('Flatten', 'features', [this.node('GlobalAveragePool', 'pool', [x])]);
    const bias = this.weights('linear/bias', new Array(10).fill(0), [10]);
    const transposed = [attribute.int('transB', 1)];
    this.graph.outputs.push(
      this.node('Gemm', 'linear', [pooled, this.heWeights('linear', [10, 64]), bias], transposed, ['N', 10]),
    );
    const model = new Model(8, this.graph);
    model.opsetImports = [{ domain: '', version: 17 }];
    return model;
  }
}
