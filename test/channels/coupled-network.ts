import { type Attribute, attribute, fromFloat64, int64Tensor, type Model } from '../../src/ir/index.ts';
import { type SeededRandom, seededRandom } from '../../src/numerics/index.ts';
import { chance, integer, pick } from '../support/draws.ts';
import { ModelBuilder } from '../support/small-models.ts';

/** A feature map [1, channels, size, size]. */
export interface Map2d {
  readonly name: string;
  readonly channels: number;
  readonly size: number;
}

type Block = (x: Map2d) => Map2d;

/** Nodes after each other, with weights that keep values around one. */
export class CoupledNetwork {
  readonly #builder: ModelBuilder;
  readonly #random: SeededRandom;
  readonly #opset: number;
  #count = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed, 'coupled network');
    this.#opset = pick(this.#random, [11, 13, 17, 18]);
    this.#builder = new ModelBuilder({ opset: this.#opset });
  }

  build(): Model {
    const random = this.#random;
    const size = pick(random, [8, 12]);
    this.#builder.input('x', [chance(random, 0.3) ? 'N' : 1, 3, size, size]);
    let x = this.conv({ name: 'x', channels: 3, size }, integer(random, 4, 9));
    for (let blocks = integer(random, 2, 6); blocks > 0; blocks--) x = pick(random, this.#blocks)(x);
    const y = this.#head(x);
    this.#builder.output(y);
    return this.#builder.model;
  }

  readonly #blocks: readonly Block[] = [
    (x) => this.conv(x, integer(this.#random, 3, 10)),
    (x) => this.norm(this.conv(x, integer(this.#random, 3, 10))),
    (x) => this.#grouped(x),
    (x) => this.#depthwise(x),
    (x) => this.#residual(x),
    (x) => this.#concat(x),
    (x) => this.#split(x),
    (x) => this.#shuffle(x),
    (x) => this.#optionA(x),
    (x) => this.#squeezeExcite(x),
    (x) => this.#uNet(x),
    (x) => this.#channelsLast(x),
    (x) => this.#constants(x),
    (x) => this.#gather(x),
    (x) => this.#transposed(x),
    (x) => this.#prelu(x),
    (x) => this.#instanceNorm(x),
    (x) => this.#spaceToDepth(x),
    (x) => this.#spatialPad(x),
    (x) => this.#slice(x),
    (x) => this.#shared(x),
    (x) => this.#rowsAndBack(x),
  ];

  /** With or without a bias, padding and an activation behind it. */
  conv(x: Map2d, channels: number, { kernel = pick(this.#random, [1, 3]), activate = true } = {}): Map2d {
    const y = this.#filters('Conv', x, channels, [channels, x.channels, kernel, kernel], kernel, []);
    return activate ? this.activation(y) : y;
  }

  #filters(
    opType: string,
    x: Map2d,
    channels: number,
    dims: readonly number[],
    kernel: number,
    attributes: readonly Attribute[],
  ): Map2d {
    const fanIn = dims.slice(1).reduce((product, dim) => product * dim, 1);
    const inputs = [x.name, this.#weight(dims, { scale: 1.5 / Math.sqrt(fanIn) })];
    if (chance(this.#random, 0.7)) inputs.push(this.#weight([channels], { scale: 0.3 }));
    const padded = kernel > 1 && (x.size <= 4 || chance(this.#random, 0.7));
    const pads = kernel > 1 && padded ? [attribute.ints('pads', [1, 1, 1, 1])] : [];
    const y = this.#node(opType, inputs, [...attributes, ...pads]);
    return { name: y, channels, size: kernel > 1 && !padded ? x.size - 2 : x.size };
  }

  activation(x: Map2d): Map2d {
    const opType = pick(this.#random, ['Relu', 'Relu', 'Sigmoid', 'LeakyRelu', 'Tanh', 'HardSigmoid', 'Clip', 'Elu']);
    if (opType !== 'Clip') return { ...x, name: this.#node(opType, [x.name]) };
    const bounds = [-0.5, 2].map((bound) => this.#constant([bound], []));
    return { ...x, name: this.#node('Clip', [x.name, ...bounds]) };
  }

  norm(x: Map2d): Map2d {
    const of = (options: { scale?: number; offset?: number }) => this.#weight([x.channels], options);
    const inputs = [
      x.name,
      of({ scale: 0.2, offset: 1 }),
      of({ scale: 0.5 }),
      of({ scale: 0.3 }),
      this.#positive(x.channels),
    ];
    return this.activation({ ...x, name: this.#node('BatchNormalization', inputs) });
  }

  #grouped(x: Map2d): Map2d {
    const groups = pick(this.#random, [2, 3]);
    const wide = this.conv(x, groups * integer(this.#random, 2, 4));
    const perGroup = integer(this.#random, 2, 3);
    const dims = [groups * perGroup, wide.channels / groups, 3, 3];
    return this.activation(this.#filters('Conv', wide, groups * perGroup, dims, 3, [attribute.int('group', groups)]));
  }

  #depthwise(x: Map2d): Map2d {
    const multiplier = pick(this.#random, [1, 1, 2]);
    const channels = x.channels * multiplier;
    const y = this.#filters('Conv', x, channels, [channels, 1, 3, 3], 3, [attribute.int('group', x.channels)]);
    return chance(this.#random, 0.5) ? this.norm(y) : this.activation(y);
  }

  #residual(x: Map2d): Map2d {
    const inner = this.conv(x, integer(this.#random, 3, 8), { kernel: 1 });
    const left = this.conv(inner, x.channels, { kernel: 1, activate: chance(this.#random, 0.3) });
    const right = chance(this.#random, 0.3) ? this.conv(x, x.channels, { kernel: 1, activate: false }) : x;
    return this.activation({
      ...x,
      name: this.#node(pick(this.#random, ['Add', 'Sum', 'Sub', 'Max']), [left.name, right.name]),
    });
  }

  #concat(x: Map2d): Map2d {
    const parts = Array.from({ length: integer(this.#random, 2, 3) }, () =>
      this.conv(x, integer(this.#random, 2, 6), { kernel: 1 }),
    );
    if (chance(this.#random, 0.3)) parts.push(x);
    const name = this.#node(
      'Concat',
      parts.map((part) => part.name),
      [attribute.int('axis', 1)],
    );
    return { ...x, name, channels: parts.reduce((sum, { channels }) => sum + channels, 0) };
  }

  #split(x: Map2d): Map2d {
    const wide = this.conv(x, 2 * integer(this.#random, 2, 4), { kernel: 1 });
    const half = wide.channels / 2;
    const sizes = this.#opset < 13 ? [] : [this.#indices([half, half])];
    const attributes = [attribute.int('axis', 1), ...(this.#opset < 13 ? [attribute.ints('split', [half, half])] : [])];
    const [a, b] = this.#nodes('Split', [wide.name, ...sizes], 2, attributes) as [string, string];
    if (chance(this.#random, 0.4))
      return { ...wide, channels: half, name: this.#node(pick(this.#random, ['Add', 'Mul']), [a, b]) };
    const right = this.conv({ ...wide, name: b, channels: half }, half, { kernel: 1 });
    return { ...wide, name: this.#node('Concat', [a, right.name], [attribute.int('axis', 1)]) };
  }

  #shuffle(x: Map2d): Map2d {
    const groups = pick(this.#random, [2, 3]);
    const y = this.conv(x, groups * integer(this.#random, 2, 4));
    const shape = this.#indices([1, groups, y.channels / groups, y.size, y.size]);
    const apart = this.#node('Reshape', [y.name, shape]);
    const swapped = this.#node('Transpose', [apart], [attribute.ints('perm', [0, 2, 1, 3, 4])]);
    const target = pick(this.#random, [
      [1, y.channels, y.size, y.size],
      [1, -1, y.size, y.size],
    ]);
    return { ...y, name: this.#node('Reshape', [swapped, this.#indices(target)]) };
  }

  /** A shortcut that halves the image and pads channels before and behind. */
  #optionA(x: Map2d): Map2d {
    if (x.size < 6) return x;
    const [front, back] = [integer(this.#random, 1, 2), integer(this.#random, 0, 2)];
    const channels = front + x.channels + back;
    const size = Math.ceil(x.size / 2);
    const bounds = [
      [0, 0],
      [x.size, x.size],
      [2, 3],
      [2, 2],
    ].map((list) => this.#indices(list));
    const half = this.#node('Slice', [x.name, ...bounds]);
    const fill = chance(this.#random, 0.2) ? [this.#constant([0.5], [])] : [];
    const padded = this.#node('Pad', [half, this.#indices([0, front, 0, 0, 0, back, 0, 0]), ...fill]);
    const weight = this.#weight([channels, x.channels, 3, 3], { scale: 0.5 / Math.sqrt(x.channels) });
    const strided = [attribute.ints('strides', [2, 2]), attribute.ints('pads', [1, 1, 1, 1])];
    const main = this.#node('Conv', [x.name, weight], strided);
    return this.activation({ name: this.#node('Add', [main, padded]), channels, size });
  }

  #squeezeExcite(x: Map2d): Map2d {
    const pooled: Map2d = { ...x, size: 1, name: this.#node('GlobalAveragePool', [x.name]) };
    const inner = this.conv(pooled, integer(this.#random, 2, 4), { kernel: 1 });
    const gate = this.conv(inner, x.channels, { kernel: 1, activate: false });
    const open = this.#node(pick(this.#random, ['Sigmoid', 'HardSigmoid']), [gate.name]);
    return { ...x, name: this.#node('Mul', [x.name, open]) };
  }

  #uNet(x: Map2d): Map2d {
    if (x.size % 2 === 1 || x.size < 4) return x;
    const window = [attribute.ints('kernel_shape', [2, 2]), attribute.ints('strides', [2, 2])];
    const down = {
      ...x,
      size: x.size / 2,
      name: this.#node(pick(this.#random, ['MaxPool', 'AveragePool']), [x.name], window),
    };
    const deep = this.conv(down, integer(this.#random, 3, 6), { kernel: 1 });
    const scales = this.#constant([1, 1, 2, 2], [4]);
    const up = chance(this.#random, 0.5)
      ? this.#node('Resize', [deep.name, this.#constant([], [0]), scales], [attribute.string('mode', 'nearest')])
      : this.#node('Resize', [
          deep.name,
          this.#constant([], [0]),
          this.#constant([], [0]),
          this.#indices([1, deep.channels, x.size, x.size]),
        ]);
    return {
      ...x,
      channels: x.channels + deep.channels,
      name: this.#node('Concat', [up, x.name], [attribute.int('axis', 1)]),
    };
  }

  #channelsLast(x: Map2d): Map2d {
    const last = this.#node('Transpose', [x.name], [attribute.ints('perm', [0, 2, 3, 1])]);
    const moved = this.#node('Add', [last, this.#weight([x.channels], { scale: 0.3 })]);
    const columns = integer(this.#random, 3, 7);
    const product = this.#node('MatMul', [
      moved,
      this.#weight([x.channels, columns], { scale: 1 / Math.sqrt(x.channels) }),
    ]);
    const name = this.#node('Transpose', [product], [attribute.ints('perm', [0, 3, 1, 2])]);
    return this.activation({ ...x, channels: columns, name });
  }

  #constants(x: Map2d): Map2d {
    const dims = pick(this.#random, [[x.channels, 1, 1], [1, x.channels, 1, 1], [1]]);
    const constant = this.#weight(dims, { scale: 0.3, offset: 1 });
    return { ...x, name: this.#node(pick(this.#random, ['Add', 'Mul', 'Sub', 'Div', 'Min']), [x.name, constant]) };
  }

  #gather(x: Map2d): Map2d {
    const order = Array.from({ length: integer(this.#random, 2, x.channels) }, () =>
      integer(this.#random, -x.channels, x.channels - 1),
    );
    return {
      ...x,
      channels: order.length,
      name: this.#node('Gather', [x.name, this.#indices(order)], [attribute.int('axis', 1)]),
    };
  }

  #transposed(x: Map2d): Map2d {
    const groups = x.channels % 2 === 0 && chance(this.#random, 0.4) ? 2 : 1;
    const perGroup = integer(this.#random, 2, 4);
    const weight = this.#weight([x.channels, perGroup, 2, 2], { scale: 1 / Math.sqrt(x.channels) });
    const bias = this.#weight([groups * perGroup], { scale: 0.3 });
    const name = this.#node(
      'ConvTranspose',
      [x.name, weight, bias],
      [attribute.int('group', groups), attribute.ints('strides', [1, 1])],
    );
    return this.activation({ name, channels: groups * perGroup, size: x.size + 1 });
  }

  #prelu(x: Map2d): Map2d {
    return { ...x, name: this.#node('PRelu', [x.name, this.#weight([x.channels, 1, 1], { scale: 0.3 })]) };
  }

  #instanceNorm(x: Map2d): Map2d {
    const inputs = [
      x.name,
      this.#weight([x.channels], { scale: 0.3, offset: 1 }),
      this.#weight([x.channels], { scale: 0.3 }),
    ];
    return { ...x, name: this.#node('InstanceNormalization', inputs, [attribute.float('epsilon', 0.1)]) };
  }

  #spaceToDepth(x: Map2d): Map2d {
    const block = [attribute.int('blocksize', 2)];
    if (x.size % 2 === 0 && chance(this.#random, 0.5))
      return { channels: 4 * x.channels, size: x.size / 2, name: this.#node('SpaceToDepth', [x.name], block) };
    if (x.size > 8) return x;
    const wide = this.conv(x, 4 * integer(this.#random, 2, 3), { kernel: 1 });
    const mode = attribute.string('mode', pick(this.#random, ['DCR', 'CRD']));
    return {
      channels: wide.channels / 4,
      size: 2 * wide.size,
      name: this.#node('DepthToSpace', [wide.name], [...block, mode]),
    };
  }

  #spatialPad(x: Map2d): Map2d {
    const name = this.#node('Pad', [x.name, this.#indices([0, 0, 1, 0, 0, 0, 0, 1])]);
    return { ...this.conv({ ...x, name, size: x.size + 1 }, integer(this.#random, 3, 6), { kernel: 1 }) };
  }

  /** A part of the channels, added to another part. */
  #slice(x: Map2d): Map2d {
    const wide = this.conv(x, integer(this.#random, 4, 9), { kernel: 1 });
    const length = integer(this.#random, 2, wide.channels - 1);
    const part = (start: number) => {
      const end = start + length === wide.channels && chance(this.#random, 0.5) ? 1000 : start + length;
      const bounds = [[start - (chance(this.#random, 0.5) && start > 0 ? wide.channels : 0)], [end], [1]];
      return this.#node('Slice', [wide.name, ...bounds.map((list) => this.#indices(list))]);
    };
    const first = part(0);
    const other = part(wide.channels - length);
    return { ...wide, channels: length, name: this.#node(pick(this.#random, ['Add', 'Mul', 'Max']), [first, other]) };
  }

  /** Two convolutions with the same weights, one after the other or side by side. */
  #shared(x: Map2d): Map2d {
    const weight = this.#weight([x.channels, x.channels, 1, 1], { scale: 1 / Math.sqrt(x.channels) });
    const first = this.#node('Conv', [x.name, weight]);
    if (chance(this.#random, 0.5))
      return this.activation({ ...x, name: this.#node('Conv', [this.#node('Relu', [first]), weight]) });
    const other = this.#node('Conv', [this.#node('Relu', [x.name]), weight]);
    return { ...x, name: this.#node('Concat', [first, other], [attribute.int('axis', 1)]), channels: 2 * x.channels };
  }

  /** A matrix from the left over [1, C, H·W], with a target shape that is computed. */
  #rowsAndBack(x: Map2d): Map2d {
    const shape = this.#node('Shape', [x.name]);
    const pickOut = (index: number) => this.#node('Gather', [shape, this.#indices([index])]);
    const target = this.#node('Concat', [pickOut(0), pickOut(1), this.#indices([-1])], [attribute.int('axis', 0)]);
    const flat = this.#node('Reshape', [x.name, target]);
    const rows = integer(this.#random, 3, 7);
    const product = this.#node('MatMul', [
      this.#weight([rows, x.channels], { scale: 1 / Math.sqrt(x.channels) }),
      flat,
    ]);
    const sizes = chance(this.#random, 0.5) ? [1, rows] : [-1, rows];
    const image = this.#node('Reshape', [product, this.#indices([...sizes, x.size, x.size])]);
    return this.activation({ ...x, channels: rows, name: image });
  }

  /** Through a flattened image or a pooled one to a few numbers. */
  #head(x: Map2d): string {
    const small = chance(this.#random, 0.5)
      ? x
      : { ...x, size: 1, name: this.#node(pick(this.#random, ['GlobalAveragePool', 'GlobalMaxPool']), [x.name]) };
    const length = small.channels * small.size ** 2;
    const flat = chance(this.#random, 0.5)
      ? this.#node('Flatten', [small.name])
      : this.#node('Reshape', [
          small.name,
          this.#indices([pick(this.#random, [0, 1]), pick(this.#random, [-1, length])]),
        ]);
    const hidden = integer(this.#random, 4, 8);
    const first = this.#gemm(flat, length, hidden);
    return this.#gemm(this.#node('Relu', [first]), hidden, 5);
  }

  #gemm(x: string, inputs: number, outputs: number): string {
    const scale = 1.5 / Math.sqrt(inputs);
    if (chance(this.#random, 0.3)) return this.#node('MatMul', [x, this.#weight([inputs, outputs], { scale })]);
    const transposed = chance(this.#random, 0.5);
    const weight = this.#weight(transposed ? [outputs, inputs] : [inputs, outputs], { scale });
    const bias = chance(this.#random, 0.7) ? [this.#weight([outputs], { scale: 0.3 })] : [];
    return this.#node(
      'Gemm',
      [x, weight, ...bias],
      [attribute.int('transB', transposed ? 1 : 0), attribute.float('alpha', 0.8)],
    );
  }

  #node(opType: string, inputs: readonly string[], attributes: readonly Attribute[] = []): string {
    return this.#nodes(opType, inputs, 1, attributes)[0] as string;
  }

  #nodes(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: readonly Attribute[],
  ): readonly string[] {
    const names = Array.from({ length: outputs }, (_, i) => `${opType}${this.#count}${i ? `_${i}` : ''}`);
    this.#count++;
    this.#builder.nodes(opType, inputs, names, attributes);
    return names;
  }

  #weight(dims: readonly number[], options: { scale?: number; offset?: number }): string {
    const name = `w${this.#count++}`;
    const { scale = 1, offset = 0 } = options;
    const size = dims.reduce((product, dim) => product * dim, 1);
    return this.#tensor(
      name,
      fromFloat64(
        this.#random.normals(size).map((value) => offset + scale * value),
        dims,
        'float32',
      ),
    );
  }

  #positive(size: number): string {
    const data = Array.from({ length: size }, () => 0.5 + this.#random.uniform());
    return this.#tensor(`w${this.#count++}`, fromFloat64(data, [size], 'float32'));
  }

  #constant(data: readonly number[], dims: readonly number[]): string {
    return this.#tensor(`c${this.#count++}`, fromFloat64(data, dims, 'float32'));
  }

  #indices(values: readonly number[]): string {
    return this.#tensor(`i${this.#count++}`, int64Tensor(values));
  }

  #tensor(name: string, tensor: ReturnType<typeof int64Tensor>): string {
    this.#builder.tensor(name, tensor);
    return name;
  }
}

/** A network with the couplings of the field, the same for the same seed. */
export function coupledNetwork(seed: number): Model {
  return new CoupledNetwork(seed).build();
}
