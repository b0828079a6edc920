import { expect, test } from 'vitest';

import { type Keeping, KnownKeeping } from './keeping.ts';

function start() {
  let nowMs = 0;
  const asked: PromiseWithResolvers<Keeping>[] = [];
  const keeping = new KnownKeeping({
    clock: { monotonicMs: () => nowMs },
    ageMsMax: 1_000,
    load: () => {
      const one = Promise.withResolvers<Keeping>();
      asked.push(one);
      return one.promise;
    },
  });
  const answer = async (known: Keeping | Error): Promise<void> => {
    const last = asked.at(-1);
    if (known instanceof Error) last?.reject(known);
    else last?.resolve(known);
    await last?.promise.catch(() => undefined);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { keeping, asked, answer, pass: (ms: number) => (nowMs += ms) };
}

test('the first call waits, and those that come meanwhile ask nothing more', async () => {
  const { keeping, asked, answer } = start();
  const both = [Promise.resolve(keeping.daysOf('a')), Promise.resolve(keeping.daysOf('b'))];
  await answer(new Map([['a', 7]]));
  expect(await Promise.all(both)).toEqual([7, undefined]);
  expect(asked).toHaveLength(1);
  expect(keeping.daysOf('a')).toBe(7);
});

test('later, a call of a project that keeps nothing does not wait, and what it asked for is known to the next', async () => {
  const { keeping, answer, pass } = start();
  void keeping.daysOf('b');
  await answer(new Map());
  pass(1_001);
  expect(keeping.daysOf('b')).toBeUndefined();
  await answer(new Map([['b', 3]]));
  expect(keeping.daysOf('b')).toBe(3);
});

test('a project that kept is asked for anew before more of it is kept', async () => {
  const { keeping, answer, pass } = start();
  void keeping.daysOf('a');
  await answer(new Map([['a', 7]]));
  pass(1_001);
  const days = keeping.daysOf('a');
  expect(days).toBeInstanceOf(Promise);
  await answer(new Map());
  expect(await days).toBeUndefined();
});

test('a database that is away is not asked at every call, and nothing is kept', async () => {
  const { keeping, asked, answer, pass } = start();
  const first = keeping.daysOf('a');
  await answer(new Error('away'));
  expect(await first).toBeUndefined();
  expect(keeping.daysOf('a')).toBeUndefined();
  expect(asked).toHaveLength(1);
  pass(1_001);
  void keeping.daysOf('a');
  expect(asked).toHaveLength(2);
});

test('what was asked for before it was forgotten is not remembered', async () => {
  const { keeping, asked, answer } = start();
  void keeping.daysOf('a');
  const [before] = asked;
  keeping.forget();
  const days = keeping.daysOf('a');
  before?.resolve(new Map([['a', 1]]));
  await answer(new Map([['a', 2]]));
  expect(await days).toBe(2);
});
