import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Event } from '../../src/events.ts';
import { Stopwatch } from '../../src/pipeline/stopwatch.ts';

let clock = 0;
beforeEach(() => {
  clock = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** Work that is done when somebody says so. */
function work() {
  let done = () => {};
  const promise = new Promise<void>((resolve) => {
    done = resolve;
  });
  return { promise, done };
}

test('work of one stage that overlaps counts once, work that follows counts on', async () => {
  const watch = new Stopwatch(() => {});
  const [first, second] = [work(), work()];
  const [one, two] = [watch.add('plan', () => first.promise), watch.time('plan', () => second.promise)];
  clock = 3000;
  first.done();
  await one;
  clock = 5000;
  second.done();
  await two;
  expect(watch.seconds['plan']).toBe(5);
  await watch.time('plan', () => {
    clock += 2000;
  });
  expect(watch.seconds['plan']).toBe(7);
});

test('stages tell when they begin, and what came of them when they end; failed ones count too', async () => {
  const events: Event[] = [];
  const watch = new Stopwatch((event) => events.push(event));
  expect(await watch.time('write', () => 7, String)).toBe(7);
  const failing = watch.time('read', () => {
    clock += 1000;
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(events).toEqual([
    { kind: 'stage', stage: 'write', state: 'start' },
    { kind: 'stage', stage: 'write', state: 'end', seconds: 0, text: '7' },
    { kind: 'stage', stage: 'read', state: 'start' },
  ]);
  expect(watch.seconds).toEqual({ write: 0, read: 1 });
});
