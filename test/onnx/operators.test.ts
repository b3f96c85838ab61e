import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dim, parseModel, type Value } from '../../src/ir/index.ts';
import { inferShapes, resolvePads } from '../../src/onnx/index.ts';

/** Shape of `%y` as text, `…` for an unknown rank. Lines are nodes and initializers; `inputs` as in the text form. */
function shapeOf(inputs: string, ...lines: readonly string[]): string {
  return inferred(13, inputs, ...lines).shape;
}

function inferred(opset: number, inputs: string, ...lines: readonly string[]) {
  const text = [`ir 8`, `opset "" ${opset}`, `graph "g" (${inputs}) -> (%y) {`, ...lines, '}'].join('\n');
  const model = parseModel(text);
  const info = inferShapes(model);
  const [y] = model.graph.outputs as [Value];
  const print = (shape: readonly Dim[] | undefined) => `[${shape?.map((dim) => dim ?? '?') ?? '…'}]`;
  return { model, shape: print(info.shapeOf(y)), data: info.constantOf(y), dtype: info.dtypeOf(y) };
}

const image = '%x: float32[N, 3, H, 32]';

describe('symbols', () => {
  test.each([
    ['a convolution that keeps the size', '%y = Conv(%x, %w) {pads = ints [1, 1, 1, 1]}', '[N,8,H,32]'],
    ['SAME padding with stride 1', '%y = Conv(%x, %w) {auto_pad = string "SAME_LOWER"}', '[N,8,H,32]'],
    ['not a stride', '%y = Conv(%x, %w) {strides = ints [2, 2], pads = ints [1, 1, 1, 1]}', '[N,8,?,16]'],
    ['a reshape that copies them', '%y = Reshape(%x, %keep)', '[N,3,?]'],
    ['a sum with 1', '%y = Add(%x, %one)', '[N,3,H,32]'],
    ['a flattening of the batch', '%y = Flatten(%x)', '[N,?]'],
    ['a slice of everything', '%y = Slice(%x, %zero, %end, %two)', '[N,3,H,32]'],
    ['a transposition', '%y = Transpose(%x) {perm = ints [0, 2, 3, 1]}', '[N,H,32,3]'],
    ['a resize by 1 and 2', '%y = Resize(%x, _, %scales)', '[N,3,H,64]'],
  ])('survive %s as far as they can', (_, line, expected) => {
    const constants = [
      'init %w = float32[8, 3, 3, 3]base64 ""'.replace('base64 ""', `base64 "${Buffer.alloc(864).toString('base64')}"`),
      'init %keep = int64[3]{0, 0, -1}',
      'init %one = float32[1, 1]{1}',
      'init %zero = int64[1]{0}',
      'init %two = int64[1]{2}',
      'init %end = int64[1]{9223372036854775807}',
      'init %scales = float32[4]{1, 1, 1, 2}',
    ];
    expect(shapeOf(image, ...constants, line)).toBe(expected);
  });

  test('cancel in a reshape', () => {
    expect(shapeOf('%x: float32[N, T, 64]', 'init %s = int64[4]{0, 0, 8, -1}', '%y = Reshape(%x, %s)')).toBe(
      '[N,T,8,8]',
    );
    expect(shapeOf('%x: float32[?, 64]', 'init %s = int64[3]{0, -1, 16}', '%y = Reshape(%x, %s)')).toBe('[?,4,16]');
  });

  test('travel through shape arithmetic', () => {
    const lines = [
      'init %at = int64[1]{0}',
      'init %rest = int64[1]{-1}',
      '%s = Shape(%x)',
      '%n = Gather(%s, %at)',
      '%t = Concat(%n, %rest) {axis = int 0}',
      '%y = Reshape(%x, %t)',
    ];
    expect(shapeOf('%x: float32[N, 3, 4, 4]', ...lines)).toBe('[N,48]');
  });
});

describe('shape arithmetic', () => {
  test('follows the pads that an exporter computes', () => {
    // PyTorch writes F.pad(x, (0, 0, 0, 0, 4, 4)) so: lengthen with zeros, reverse pairs by a slice, transpose, flatten.
    const lines = [
      'init %given = int64[6]{0, 0, 0, 0, 4, 4}',
      'init %two = int64[1]{2}',
      'init %pairs = int64[2]{-1, 2}',
      'init %minus1 = int64[1]{-1}',
      'init %lowest = int64[1]{-9223372036854775807}',
      'init %axis = int64[1]{0}',
      '%zeros = ConstantOfShape(%two) {value = tensor int64[1]{0}}',
      '%all = Concat(%given, %zeros) {axis = int 0}',
      '%table = Reshape(%all, %pairs)',
      '%reversed = Slice(%table, %minus1, %lowest, %axis, %minus1)',
      '%columns = Transpose(%reversed) {perm = ints [1, 0]}',
      '%pads = Reshape(%columns, %minus1)',
      '%y = Pad(%x, %pads)',
    ];
    expect(shapeOf('%x: float32[N, 16, 8, 8]', ...lines)).toBe('[N,24,8,8]');
  });

  test('agrees with arithmetic on small integers', () => {
    const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 4 });
    const operations = {
      Add: (a: number, b: number) => a + b,
      Sub: (a: number, b: number) => a - b,
      Mul: (a: number, b: number) => a * b,
    };
    fc.assert(
      fc.property(
        vector,
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom(...(['Add', 'Sub', 'Mul'] as const)),
        (a, b, op) => {
          const lines = [
            `init %a = int64[${a.length}]{${a.join(', ')}}`,
            `init %b = int64[1]{${b}}`,
            `%y = ${op}(%a, %b)`,
          ];
          expect(inferred(13, '', ...lines).data).toEqual(a.map((item) => operations[op](item, b) + 0));
        },
      ),
    );
  });

  test('divides integers towards zero and takes the remainder of the divisor', () => {
    const lines = ['init %a = int64[4]{7, -7, 7, -7}', 'init %b = int64[4]{2, 2, -2, -2}'];
    expect(inferred(13, '', ...lines, '%y = Div(%a, %b)').data).toEqual([3, -3, -3, 3]);
    expect(inferred(13, '', ...lines, '%y = Mod(%a, %b)').data).toEqual([1, 1, -1, -1]);
  });

  test('does not take the elements of a run-time value for known', () => {
    expect(inferred(13, '%x: int64[2]', 'init %c = int64[2]{1, 1}', '%y = Add(%x, %c)').data).toBeUndefined();
    expect(shapeOf('%x: float32[6], %s: int64[2]', '%y = Reshape(%x, %s)')).toBe('[?,?]');
  });
});

describe('opsets', () => {
  test.each([
    ['Squeeze by attribute', 11, '%y = Squeeze(%x) {axes = ints [0]}', '[3,4]'],
    ['Squeeze by input', 13, '%y = Squeeze(%x, %axis)', '[3,4]'],
    ['ReduceMean by attribute', 13, '%y = ReduceMean(%x) {axes = ints [0], keepdims = int 0}', '[3,4]'],
    ['ReduceMean by input', 18, '%y = ReduceMean(%x, %axis) {keepdims = int 0}', '[3,4]'],
    ['Slice by attributes', 9, '%y = Slice(%x) {starts = ints [-2], ends = ints [9], axes = ints [1]}', '[1,2,4]'],
    ['Pad by attribute', 2, '%y = Pad(%x) {pads = ints [0, 1, 0, 0, 1, -2]}', '[1,5,2]'],
    ['Reshape by attribute', 1, '%y = Reshape(%x) {shape = ints [4, -1]}', '[4,3]'],
    ['Upsample by attribute', 7, '%y = Upsample(%x) {scales = floats [1, 2, 1.5]}', '[1,6,6]'],
    ['Resize with the scales second', 10, '%y = Resize(%x, %scales)', '[1,6,6]'],
    ['Resize with the scales third', 11, '%y = Resize(%x, _, %scales)', '[1,6,6]'],
    ['Add with the broadcast of old', 6, '%y = Add(%x, %three) {broadcast = int 1, axis = int 1}', '[1,3,4]'],
    ['Split in unequal parts', 18, '%y, %b = Split(%x) {axis = int 1, num_outputs = int 2}', '[1,2,4]'],
  ])('read %s', (_, opset, line, expected) => {
    const constants = [
      'init %axis = int64[1]{0}',
      'init %scales = float32[3]{1, 2, 1.5}',
      'init %three = float32[3]{1, 2, 3}',
    ];
    expect(inferred(opset, '%x: float32[1, 3, 4]', ...constants, line).shape).toBe(expected);
  });
});

describe('subgraphs', () => {
  const branch = (name: string, shape: string) =>
    `graph "${name}" () -> (%${name}) { %${name} = Expand(%x, %${shape}) }`;
  const branches = `{then_branch = ${branch('t', 's')}, else_branch = ${branch('e', 'r')}}`;
  const constants = ['init %s = int64[2]{2, 4}', 'init %r = int64[2]{3, 4}'];

  test('of an If agree on what both say', () => {
    expect(shapeOf('%x: float32[1, 1], %c: bool[]', ...constants, `%y = If(%c) ${branches}`)).toBe('[?,4]');
  });

  test('of an If with a known condition count alone', () => {
    expect(shapeOf('%x: float32[1, 1]', ...constants, 'init %c = bool[]{0}', `%y = If(%c) ${branches}`)).toBe('[3,4]');
  });

  test('of a Loop keep of a carried shape what no turn changes', () => {
    const body = 'graph "b" (%i, %go, %v) -> (%go, %w) { %w = Concat(%v, %v) {axis = int 0} }';
    expect(shapeOf('%x: float32[2, 5], %n: int64[]', `%y = Loop(%n, _, %x) {body = ${body}}`)).toBe('[?,5]');
  });
});

describe('what the file declares', () => {
  test('fills in what rules do not know and loses against what they do', () => {
    expect(shapeOf(image, '%y: float32[N, 7] = com.acme::Foo(%x)')).toBe('[N,7]');
    expect(shapeOf(image, '%y: float32[9, 9, 9, 9] = Relu(%x)')).toBe('[N,3,H,32]'.replace('N', '9').replace('H', '9'));
    expect(shapeOf('%x: float32[2, 3]', '%y: float32[9, 9] = Relu(%x)')).toBe('[2,3]');
  });

  test('is not believed beyond the inputs once a size is replaced', () => {
    const model = parseModel(
      'ir 8 opset "" 13 graph "g" (%x: float32[1, 3]) -> (%y: float32[1, 7]) { %y = com.acme::Foo(%x) }',
    );
    const [y] = model.graph.outputs as [Value];
    expect(inferShapes(model).shapeOf(y)).toEqual([1, 7]);
    expect(inferShapes(model, { inputShapes: { x: [4, 3] } }).shapeOf(y)).toBeUndefined();
  });

  test('stays in the model: inference changes nothing', () => {
    const { model } = inferred(13, image, '%y = Relu(%x)');
    expect(model.graph.outputs[0]?.type).toBeUndefined();
  });
});

describe('resolvePads', () => {
  const window = fc.record({
    size: fc.integer({ min: 1, max: 40 }),
    kernel: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    mode: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID'),
  });

  test('gives explicit pads with which the output has the same size', () => {
    fc.assert(
      fc.property(window, ({ size, kernel, stride, dilation, mode }) => {
        const span = dilation * (kernel - 1) + 1;
        fc.pre(mode !== 'VALID' || size >= span);
        // Where a stride skips three numbers at the end, or four, ONNX Runtime does something else: no pads are given.
        const still = mode === 'SAME_LOWER' ? 3 : 2;
        fc.pre(mode === 'VALID' || stride === 1 || (Math.ceil(size / stride) - 1) * stride + span >= size - still);
        const shared = `kernel_shape = ints [${kernel}], strides = ints [${stride}], dilations = ints [${dilation}]`;
        const input = `%x: float32[1, 1, ${size}]`;
        const weight = `init %w = float32[1, 1, ${kernel}]{${Array.from({ length: kernel }, () => 1)}}`;
        const automatic = inferred(19, input, weight, `%y = Conv(%x, %w) {${shared}, auto_pad = string "${mode}"}`);
        const [node] = automatic.model.graph.nodes;
        const pads = node && resolvePads(node, [1, 1, size]);
        expect(pads).toBeDefined();
        const [begin = 0, end = 0] = [pads?.begin[0], pads?.end[0]];
        expect(
          mode === 'SAME_UPPER' ? end - begin : mode === 'SAME_LOWER' ? begin - end : begin + end,
        ).toBeLessThanOrEqual(mode === 'VALID' ? 0 : 1);
        expect(shapeOf(input, weight, `%y = Conv(%x, %w) {${shared}, pads = ints [${begin}, ${end}]}`)).toBe(
          automatic.shape,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('needs the size only where the stride is not 1', () => {
    const { model } = inferred(
      13,
      '%x: float32[1, 1, L]',
      '%y = MaxPool(%x) {kernel_shape = ints [4], auto_pad = string "SAME_UPPER"}',
    );
    const [node] = model.graph.nodes as [(typeof model.graph.nodes)[number]];
    expect(resolvePads(node, [1, 1, 'L'])).toEqual({ begin: [1], end: [2] });
    expect(resolvePads(node, undefined)).toEqual({ begin: [1], end: [2] });
  });
});
