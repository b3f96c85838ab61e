import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { DiagnosticError } from '../../src/diagnostics.ts';
import { definePass } from '../../src/pass/define-pass.ts';
import { type OptionValue, parsePipeline, printPipeline } from '../../src/rewrite/pipeline-text.ts';
import { resolvePipeline } from '../../src/rewrite/resolve-pipeline.ts';

const passes = [
  definePass({
    kind: 'cleanup',
    name: 'fixed-ranks',
    summary: 'ranks by node',
    options: z.record(z.string(), z.array(z.number().int().positive())),
    run: () => undefined,
  }),
  definePass({
    kind: 'cleanup',
    name: 'tucker-2',
    summary: 'Tucker-2',
    options: z.strictObject({
      iterations: z.number().int().positive().default(3),
      oneSided: z.boolean().default(false),
    }),
    run: () => undefined,
  }),
];

/** name → options, without the offsets. */
function read(text: string) {
  return parsePipeline(text).map(({ name, options }) => [name, ...options.map(({ key, value }) => [key, value])]);
}

function failure(run: () => unknown) {
  try {
    run();
  } catch (cause) {
    if (cause instanceof DiagnosticError) return cause.diagnostic;
    throw cause;
  }
  throw new Error('nothing was thrown');
}

describe('parsePipeline', () => {
  test.each<[string, unknown]>([
    ['none', []],
    ['fuse-batch-norm,tucker-2', [['fuse-batch-norm'], ['tucker-2']]],
    ['svd{}', [['svd']]],
    [' ratio-ranks { macs = 0.5 ,\n ends = fit } , svd ', [['ratio-ranks', ['macs', 0.5], ['ends', 'fit']], ['svd']]],
    ['a{x=true,y="true",z=1e-3,w="1e-3"}', [['a', ['x', true], ['y', 'true'], ['z', 1e-3], ['w', '1e-3']]]],
    ['fixed-ranks{conv1=32,32,conv2=16}', [['fixed-ranks', ['conv1', [32, 32]], ['conv2', 16]]]],
    ['fixed-ranks{"a=b, {c}"=[8],/layer.1/Conv:0=4}', [['fixed-ranks', ['a=b, {c}', [8]], ['/layer.1/Conv:0', 4]]]],
    ['a{list=[],more=[1,b]},c', [['a', ['list', []], ['more', [1, 'b']]], ['c']]],
  ])('reads %j', (text, entries) => {
    expect(read(text)).toEqual(entries);
  });

  const word = fc.oneof(
    fc.string({ minLength: 1, unit: 'grapheme' }),
    fc.constantFrom('true', '1', '-0', '"', '=', 'a b', 'none'),
  );
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const scalar = fc.oneof(word, fc.constant(''), number, fc.integer(), fc.boolean());
  const value: fc.Arbitrary<OptionValue> = fc.oneof(scalar, fc.array(scalar));
  const entry = fc.record({
    name: fc.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)*$/).filter((name) => name !== 'none'),
    options: fc.uniqueArray(fc.record({ key: fc.oneof(word, fc.constant('')), value }), { selector: ({ key }) => key }),
  });

  test('reads back whatever printPipeline prints', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const back = parsePipeline(printPipeline(entries)).map(({ name, options }) => ({
          name,
          options: options.map(({ key, value }) => ({ key, value })),
        }));
        expect(back).toEqual(entries);
      }),
      { numRuns: 1000 },
    );
  });

  test('answers any text with a pipeline or with a coded error inside the text', () => {
    const soup = fc
      .array(fc.constantFrom(...'a1,={}[]" \\\n'), { maxLength: 30 })
      .map((characters) => characters.join(''));
    fc.assert(
      fc.property(soup, (text) => {
        try {
          expect(printPipeline(parsePipeline(printPipeline(parsePipeline(text))))).toBe(
            printPipeline(parsePipeline(text)),
          );
        } catch (cause) {
          if (!(cause instanceof DiagnosticError)) throw cause;
          expect(cause.diagnostic.code).toBe('invalid-pipeline');
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['', 1, 'the pipeline is empty'],
    ['svd,', 5, 'expected the name of a pass, not the end'],
    ['svd{keep}', 9, 'expected "=" after "keep", not "}"'],
    ['svd{keep=}', 10, 'expected a value, not "}"'],
    ['svd{keep=1', 11, 'expected "," or "}", not the end'],
    ['svd{keep=1,keep=2}', 12, 'option "keep" is given twice'],
    ['svd{keep=[1}', 12, 'expected "," or "]", not "}"'],
    ['svd{a="b}', 7, 'this string has no closing quote'],
    ['svd{a="\\x"}', 7, '"\\x" is not a JSON string'],
    ['svd cp-split', 5, 'expected "," or the end, not "c"'],
    ['svd,none', 5, '"none" stands alone'],
  ])('refuses %j at column %i', (text, column, message) => {
    const { exitCode, message: said, excerpt } = failure(() => parsePipeline(text));
    expect(exitCode).toBe(2);
    expect(said).toBe(`pipeline, column ${column}: ${message}`);
    expect(excerpt).toBe(`  ${text}\n  ${' '.repeat(column - 1)}^`);
  });

  test('shows only the line at fault', () => {
    expect(failure(() => parsePipeline('svd,\ncp-split{x}\n,a')).excerpt).toBe('  cp-split{x}\n            ^');
  });
});

describe('resolvePipeline', () => {
  test('fills defaults in from the schema of the pass', () => {
    const [step] = resolvePipeline('tucker-2{oneSided=true}', passes);
    expect(step?.options).toEqual({ iterations: 3, oneSided: true });
  });

  test('takes one scalar for a list of one where the schema wants a list', () => {
    const [step] = resolvePipeline('fixed-ranks{a=32,32,b=16}', passes);
    expect(step?.options).toEqual({ a: [32, 32], b: [16] });
  });

  test.each([
    ['tuker-2', 'unknown-pass', 'there is no pass named "tuker-2"', 'Did you mean "tucker-2"?'],
    ['xyz', 'unknown-pass', 'there is no pass named "xyz"', 'The passes are fixed-ranks, tucker-2.'],
    ['tucker-2{iteratons=2}', 'invalid-option', 'tucker-2: has no option "iteratons"', 'Did you mean "iterations"?'],
    ['tucker-2{depth=2}', 'invalid-option', 'tucker-2: has no option "depth"', 'Its options are iterations, oneSided.'],
    [
      'tucker-2{iterations=0}',
      'invalid-option',
      'tucker-2{iterations}: Too small: expected number to be >0',
      undefined,
    ],
    [
      'fixed-ranks{a=x}',
      'invalid-option',
      'fixed-ranks{a.0}: Invalid input: expected number, received string',
      undefined,
    ],
  ])('refuses %s', (text, code, message, hint) => {
    const diagnostic = failure(() => resolvePipeline(text, passes));
    expect(diagnostic).toMatchObject({ code, message, exitCode: 2 });
    expect(diagnostic.hint).toBe(hint);
  });
});
