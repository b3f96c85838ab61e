import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { frontierCsv, frontierSvg } from '../../src/report/index.ts';
import { call, fakeEngine, frontier } from './fake-engine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const path = temporaryFolder();

describe('sweep', () => {
  test('prints a table, and hands its options to the library without bounds of other goals', async () => {
    const engine = fakeEngine();
    const flags = '--over params --points 0.9x,0.5x --shard 2/4 --cache store/ --calibrate images/ --no-bench';
    const { code, stdout, stderr } = await call(['sweep', 'm.onnx', ...flags.split(' ')], engine);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('top-1');
    const [asked] = engine.calls;
    expect([asked?.method, ...(asked?.inputs ?? [])]).toEqual(['sweep', 'm.onnx']);
    expect(asked?.options).toMatchObject({
      over: 'params',
      points: ['0.9x', '0.5x'],
      shard: '2/4',
      cache: 'store/',
      calibrate: 'images/',
      bench: false,
      targets: [],
    });
    expect(asked?.options).not.toHaveProperty('preset');
  });

  test('leaves effort and points to the library where nothing is said', async () => {
    const engine = fakeEngine();
    await call(['sweep', 'm.onnx'], engine);
    expect(engine.calls[0]?.options).toMatchObject({ over: 'macs' });
    for (const name of ['effort', 'points', 'shard']) expect(engine.calls[0]?.options).not.toHaveProperty(name);
    await call(['sweep', 'm.onnx', '--effort', 'max'], engine);
    expect(engine.calls[1]?.options).toMatchObject({ effort: 'max' });
  });

  test('--json prints JSON alone', async () => {
    const { stdout } = await call(['sweep', 'm.onnx', '--json'], fakeEngine());
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(frontier)));
  });

  test('writes as many files as are named, each in the form of its name', async () => {
    const files = ['f.svg', 'f.csv', 'f.json'].map((name) => path(name));
    const { code } = await call(['sweep', 'm.onnx', ...files.flatMap((file) => ['-o', file])], fakeEngine());
    expect(code).toBe(0);
    const [svg, csv, json] = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    expect(svg).toBe(await frontierSvg(frontier));
    expect(csv).toBe(frontierCsv(frontier));
    expect(JSON.parse(json ?? '')).toEqual(JSON.parse(JSON.stringify(frontier)));
  });

  test('does not overwrite without --force, and asks before any work', async () => {
    await writeFile(path('there.csv'), 'already here');
    const engine = fakeEngine();
    const { code, stderr } = await call(['sweep', 'm.onnx', '-o', path('there.csv')], engine);
    expect([code, engine.calls]).toEqual([2, []]);
    expect(stderr).toMatch(/^error\[output-exists\]/);
    expect((await call(['sweep', 'm.onnx', '-o', path('there.csv'), '--force'], engine)).code).toBe(0);
    expect(await readFile(path('there.csv'), 'utf8')).toBe(frontierCsv(frontier));
  });

  test('does not write over the model', async () => {
    await writeFile(path('model.json'), 'a model');
    const { code, stderr } = await call(
      ['sweep', path('model.json'), '-o', path('model.json'), '--force'],
      fakeEngine(),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('the frontier would replace the model');
  });

  test.each([
    ['--over time', '--over: "time" is none of "macs", "params", "size", "latency"'],
    ['--over macs --over size', '--over: '],
    ['-o f.png', 'a frontier is .svg, .csv or .json'],
    ['-o f.csv -o ./f.csv', 'two results want one file'],
    ['--target macs=0.5x', 'there is no option --target for this command'],
    ['--preset small', 'there is no option --preset for this command'],
  ])('2 for "%s", saying "%s"', async (line, message) => {
    const engine = fakeEngine();
    const { code, stderr, stdout } = await call(['sweep', 'm.onnx', ...line.split(' ')], engine);
    expect([code, stdout, engine.calls]).toEqual([2, '', []]);
    expect(stderr).toMatch(/^error\[[a-z-]+\]: /);
    expect(stderr).toContain(message);
  });

  // The library refuses these before it opens the model.
  test.each([
    ['--points half', '--points half: expected macs such as 0.5x'],
    ['--points 0.5x,', '--points : expected macs'],
    ['--shard 5/4 --cache c', '--shard 5/4: expected i/n'],
    ['--shard 1/4', '--shard needs --cache'],
    ['--over latency --no-bench', 'a latency has to be measured'],
  ])('2 for "%s" from the library, saying "%s"', async (line, message) => {
    const { sweep } = await import('../../src/pipeline/index.ts');
    const { code, stderr } = await call(['sweep', 'no-such.onnx', ...line.split(' ')], fakeEngine({ sweep }));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error\[(usage|invalid-option)\]: /);
    expect(stderr).toContain(message);
  });

  test('has examples of its own, and is completed', async () => {
    expect((await call(['sweep', '--help'], fakeEngine())).stdout).toMatch(
      /^Examples:\n {2}# .*\n {2}onnx-tucker sweep/,
    );
    const { stdout } = await call(['--get-yargs-completions', 'onnx-tucker', ''], fakeEngine());
    expect(stdout.split('\n')).toContain('sweep');
  });
});
