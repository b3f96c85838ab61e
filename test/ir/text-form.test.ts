import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attribute, Graph, int64Tensor, Model, Node, parseModel, printModel, Value } from '../../src/ir/index.ts';
import { plainModel } from '../support/plain-model.ts';
import { randomModel } from '../support/random-model.ts';

/** x → Relu → y, with an initializer of `size` elements. */
function reluModel(size = 2): Model {
  const graph = new Graph('main');
  const x = new Value('x', { kind: 'tensor', dtype: 'float32', shape: ['N', 4, undefined] });
  const y = new Value('y');
  graph.inputs.push(x);
  graph.addInitializer('w', int64Tensor(Array.from({ length: size }, (_, i) => i)));
  graph.append(
    new Node({ name: 'relu', opType: 'Relu', inputs: [x, null], outputs: [y], attributes: [attribute.int('n', -3)] }),
  );
  graph.outputs.push(y);
  const model = new Model(10, graph);
  model.opsetImports = [{ domain: '', version: 18 }];
  return model;
}

function errorOf(text: string): string {
  try {
    parseModel(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
}

describe('the text form', () => {
  test('reads back as the same model, whatever the model', () => {
    fc.assert(
      fc.property(randomModel, fc.constantFrom(0, 4, 1000), (model, inline) => {
        expect(plainModel(parseModel(printModel(model, { inline })))).toEqual(plainModel(model));
      }),
      { numRuns: 300, interruptAfterTimeLimit: 30_000 },
    );
  });

  test('is what people would write', () => {
    expect(printModel(reluModel())).toBe(
      [
        'ir 10',
        'opset "" 18',
        'graph "main" (%x: float32[N, 4, ?]) -> (%y) {',
        '  init %w = int64[2]{0, 1}',
        '  %y = "relu" Relu(%x, _) {n = int -3}',
        '}',
        '',
      ].join('\n'),
    );
  });

  test('leaves large tensors out when asked, and says so instead of reading them back', () => {
    const text = printModel(reluModel(100), { elideAbove: 99 });
    expect(text).toContain('init %w = int64[100]elided');
    expect(errorOf(text)).toMatch(/line 4, column 23: the elements of this tensor were left out/);
    expect(printModel(reluModel(100), { elideAbove: 100 })).toContain('base64');
  });

  test('accepts comments and any spacing', () => {
    const text = '# a model\nir 10 graph"g"( ) # empty\n->(){doc"hi"%a=Op( )}';
    expect(plainModel(parseModel(text))).toMatchObject({
      irVersion: 10,
      graph: { docString: 'hi', nodes: [{ opType: 'Op' }] },
    });
  });

  const graph = (body: string) => `ir 10\ngraph "g" (%x) -> (%y) {\n${body}\n}\n`;
  test.each([
    ['an unknown name', graph('%y = Add(%x, %z)'), 'line 3, column 14: nothing defines %z'],
    ['a name defined twice', graph('%y = A(%x)\n%y = B(%x)'), 'line 4, column 1: %y is defined twice'],
    ['an output that is not made', graph('%a = A(%x)'), 'line 2, column 20: nothing defines %y'],
    ['an unknown element type', graph('%y: float33 = A(%x)'), 'line 3, column 5: expected an element type'],
    ['too few elements', graph('init %y = float32[3]{1, 2}'), 'line 3, column 21: 2 elements do not fill dims [3]'],
    [
      'a fraction among integers',
      graph('init %y = int64[1]{1.5}'),
      'line 3, column 19: Cannot convert 1.5 to a BigInt',
    ],
    ['too few bytes', graph('init %y = float32[2]base64 "AAAA"'), 'line 3, column 21: 3 bytes, not 8'],
    ['an unknown attribute kind', graph('%y = A(%x) {k = flaot 1}'), 'line 3, column 17: expected a kind of attribute'],
    [
      'a fraction where an integer must be',
      graph('%y = A(%x) {k = int 1.5}'),
      'line 3, column 21: expected an integer',
    ],
    ['an open string', graph('%y = "A(%x)'), 'line 3, column 6: a string without end'],
    [
      'an open graph',
      'ir 10\ngraph "g" () -> () {\n',
      'line 3, column 1: expected a value (%name), found the end of the text',
    ],
    [
      'something behind the model',
      'ir 10 graph "g" () -> () {} x',
      'line 1, column 29: expected a function or the end',
    ],
    ['a stray character', 'ir 10 §', 'line 1, column 7: unexpected character'],
  ])('points at %s', (_, text, message) => {
    expect(errorOf(text)).toContain(message);
  });

  test('no piece of a text makes the parser fail in any other way', () => {
    fc.assert(
      fc.property(randomModel, fc.nat(), fc.nat({ max: 8 }), (model, at, cut) => {
        const text = printModel(model);
        const start = at % text.length;
        const message = errorOf(text.slice(0, start) + text.slice(start + cut));
        expect(message === 'no error' || message.includes('[text-syntax]')).toBe(true);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 30_000 },
    );
  });
});
