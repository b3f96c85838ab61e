import { describe, expect, test } from '@jest/globals';
import { parseModel } from '../../src/ir/index.ts';
import { activationMemory, type InferShapesOptions } from '../../src/onnx/index.ts';
import { smallCnn } from '../support/small-models.ts';

/** Of a graph in text form; a row of 4 float32 is 16 bytes. */
function peak(graph: string, options: InferShapesOptions = {}): number | undefined {
  return activationMemory(parseModel(`ir 8 opset "" 17 graph "g" ${graph}`), options);
}

const chain = '%a = Relu(%x) %b = Relu(%a) %y = Relu(%b)';

describe('the memory of activations', () => {
  test('in a chain is two of them: what a node reads, and what it makes', () => {
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${chain} }`)).toBe(32);
  });

  test('holds a shortcut until it is added', () => {
    expect(peak('(%x: float32[1, 4]) -> (%y: float32) { %a = Relu(%x) %b = Relu(%a) %y = Add(%b, %x) }')).toBe(48);
  });

  test('is what the widest place takes', () => {
    const wide = '%a = Concat(%x, %x, %x) {axis = int 1} %y = ReduceSum(%a)';
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${wide} }`)).toBe(16 + 48);
  });

  test('holds outputs to the end, and an input from the start to its last reader', () => {
    expect(peak(`(%x: float32[1, 4]) -> (%a: float32, %y: float32) { ${chain} }`)).toBe(48);
    expect(peak(`(%x: float32[1, 4], %z: float32[1, 4]) -> (%y: float32) { ${chain} }`)).toBe(48);
    const late = '%a = Relu(%x) %b = Relu(%a) %y = Add(%b, %z)';
    expect(peak(`(%x: float32[1, 4], %z: float32[1, 4]) -> (%y: float32) { ${late} }`)).toBe(48);
  });

  test('goes by the order of the data, whatever that of the file', () => {
    const shuffled = '%y = Relu(%b) %b = Relu(%a) %a = Relu(%x)';
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${shuffled} }`)).toBe(32);
  });

  test('does not count weights, nor what follows from constants alone', () => {
    const body = `init %w = float32[4, 4]{${Array(16).fill(1)}} %t = Transpose(%w) %s = Shape(%x) %n = Cast(%s) {to = int 1}
      %a = MatMul(%x, %t) %b = ReduceSum(%a) %y = Add(%b, %n)`;
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${body} }`)).toBe(32);
  });

  test('goes by the element type', () => {
    expect(peak(`(%x: float16[1, 4]) -> (%y: float16) { ${chain} }`)).toBe(16);
    const mask = '%a = Greater(%x, %x) %b = Cast(%a) {to = int 1} %y = Relu(%b)';
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${mask} }`)).toBe(32);
  });

  test('is that of one sample, of however many the batch is', () => {
    for (const batch of ['1', '"N"', '8', '?'])
      expect(peak(`(%x: float32[${batch}, 4]) -> (%y: float32) { ${chain} }`)).toBe(32);
    expect(peak(`(%x: float32[1, 4]) -> (%y: float32) { ${chain} }`, { inputShapes: { x: [6, 4] } })).toBe(32);
    const reshaped = 'init %s = int64[2]{-1, 2} %a = Reshape(%x, %s) %b = Relu(%a) %y = Relu(%b)';
    expect(peak(`(%x: float32["N", 4]) -> (%y: float32) { ${reshaped} }`)).toBe(32);
  });

  test('is not known where a size is not', () => {
    expect(peak(`(%x: float32[1, "L"]) -> (%y: float32) { ${chain} }`)).toBeUndefined();
    expect(peak(`(%x: float32[1, "L"]) -> (%y: float32) { ${chain} }`, { inputShapes: { x: [1, 4] } })).toBe(32);
    expect(peak('(%x: float32[1, 4]) -> (%y: float32) { %a = com.acme::Foo(%x) %y = Relu(%a) }')).toBeUndefined();
  });

  test('counts what a body holds beside what it captures', () => {
    const branch = (op: string) => `graph "${op}" () -> (%o_${op}) { %i_${op} = ${op}(%a) %o_${op} = ${op}(%i_${op}) }`;
    const body = `%a = Relu(%x) %b = If(%c) {then_branch = ${branch('Relu')}, else_branch = ${branch('Abs')}} %y = Relu(%b)`;
    // The condition is read, a captured, b made: 1 + 16 + 16, and two in the body.
    expect(peak(`(%c: bool[1], %x: float32[1, 4]) -> (%y: float32) { ${body} }`)).toBe(33 + 32);
  });

  test('of a small network is what its batch-norm reads and makes', () => {
    expect(activationMemory(smallCnn())).toBe(4 * (12 * 81 + 12 * 81));
  });
});
