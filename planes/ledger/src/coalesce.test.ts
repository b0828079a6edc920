import { systemClock } from '@sagewai/clock';
import { describe, expect, test } from 'vitest';

import { coalesce } from './coalesce.ts';
import { type TakeTurn, takeTurns } from './take-turns.ts';

interface Opened {
  readonly items: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: unknown) => void;
}

/** Commits that end when the test says so. */
function scripted(
  options: {
    batchMax?: number;
    queueMax?: number;
    patienceMs?: number;
    takeTurn?: TakeTurn;
    gather?: { ms: number; count: number };
  } = {},
) {
  const opened: Opened[] = [];
  const abandoned: unknown[] = [];
  let wake: (() => void) | null = null;
  const coalescer = coalesce<number, string>({
    clock: systemClock,
    takeTurn: takeTurns(),
    batchMax: 10,
    queueMax: 100,
    ...options,
    onAbandoned: (item, { kind }) => void abandoned.push([item, kind]),
    commit: (items) =>
      new Promise((resolve, reject) => {
        opened.push({
          items,
          answer: () => resolve(items.map((item) => `done ${item}`)),
          fail: reject,
        });
        wake?.();
      }),
  });
  const next = async (count: number): Promise<Opened> => {
    while (opened.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return opened[count - 1] as Opened;
  };
  return { coalescer, next, opened, abandoned };
}

const refusal = (code: string): Error => Object.assign(new Error('refused'), { code });

describe('a coalescer', () => {
  test('sends the next batch before what the last one was told is acted upon (C5)', async () => {
    const { coalescer, next, opened } = scripted();
    const told: number[] = [];
    const first = coalescer.add(1).then(() => told.push(opened.length));
    const batch = await next(1);
    const second = coalescer.add(2).then(() => told.push(opened.length));
    batch.answer();
    (await next(2)).answer();
    await Promise.all([first, second]);
    expect(told).toEqual([2, 2]);
  });

  test('is closed when the last answers have been told (C5)', async () => {
    const { coalescer, next } = scripted({ batchMax: 1 });
    const told: string[] = [];
    for (const item of [1, 2]) void coalescer.add(item).then((answer) => told.push(answer));
    const closed = coalescer.close();
    (await next(1)).answer();
    (await next(2)).answer();
    await closed;
    expect(told).toEqual(['done 1', 'done 2']);
  });

  test('commits what came in one turn together, and what comes meanwhile next (C1)', async () => {
    const { coalescer, next } = scripted({ batchMax: 2 });
    const answers = [1, 2, 3].map((item) => coalescer.add(item));
    const first = await next(1);
    expect(first.items).toEqual([1, 2]);
    const later = coalescer.add(4);
    first.answer();
    const second = await next(2);
    expect(second.items).toEqual([3, 4]);
    second.answer();
    expect(await Promise.all([...answers, later])).toEqual([
      'done 1',
      'done 2',
      'done 3',
      'done 4',
    ]);
  });

  test('tries a refused batch one by one, so that only the cause fails (C2)', async () => {
    const { coalescer, next } = scripted();
    const answers = Promise.allSettled([1, 2, 3].map((item) => coalescer.add(item)));
    (await next(1)).fail(refusal('23514'));
    (await next(2)).answer();
    (await next(3)).fail(refusal('23514'));
    (await next(4)).answer();
    expect((await answers).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
  });

  test('fails a whole batch when the database is away, and says what may have happened (C3)', async () => {
    const { coalescer, next, opened, abandoned } = scripted();
    const answers = Promise.allSettled([1, 2].map((item) => coalescer.add(item)));
    (await next(1)).fail(new Error('Connection terminated unexpectedly'));
    expect(await answers).toMatchObject([
      { status: 'rejected', reason: { code: 'service.unavailable' } },
      { status: 'rejected', reason: { code: 'service.unavailable' } },
    ]);
    expect(opened).toHaveLength(1);
    expect(abandoned).toEqual([
      [1, 'open'],
      [2, 'open'],
    ]);
  });

  test('refuses what does not fit into the queue (C4)', async () => {
    const { coalescer, next } = scripted({ batchMax: 1, queueMax: 1 });
    const first = coalescer.add(1);
    const batch = await next(1);
    const second = coalescer.add(2);
    await expect(coalescer.add(3)).rejects.toMatchObject({ code: 'service.busy' });
    batch.answer();
    (await next(2)).answer();
    expect(await Promise.all([first, second])).toEqual(['done 1', 'done 2']);
  });

  test('closes when everything is answered', async () => {
    const { coalescer, next } = scripted();
    const answer = coalescer.add(1);
    const closing = coalescer.close();
    await expect(coalescer.add(2)).rejects.toMatchObject({ code: 'service.draining' });
    (await next(1)).answer();
    await closing;
    expect(await answer).toBe('done 1');
  });

  test('waits for its turn, and takes along what comes meanwhile', async () => {
    const takeTurn = takeTurns();
    const endTurn = await takeTurn();
    const { coalescer, next, opened } = scripted({ takeTurn });
    const answers = [coalescer.add(1)];
    await new Promise((resolve) => void setImmediate(resolve));
    answers.push(coalescer.add(2));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(opened).toEqual([]);
    endTurn();
    const first = await next(1);
    expect(first.items).toEqual([1, 2]);
    first.answer();
    expect(await Promise.all(answers)).toEqual(['done 1', 'done 2']);
    // The turn has been given back.
    (await takeTurn())();
  });

  test('a turn that does not come in time fails those who wait, and only them', async () => {
    const takeTurn = takeTurns();
    const endTurn = await takeTurn();
    const { coalescer, next } = scripted({ takeTurn, patienceMs: 10 });
    await expect(coalescer.add(1)).rejects.toMatchObject({ code: 'service.unavailable' });
    endTurn();
    const later = coalescer.add(2);
    (await next(1)).answer();
    expect(await later).toBe('done 2');
  });

  const FOR_EVER = { ms: 60_000, count: 3 };

  test('gathers what can wait behind a batch, but never the first (C6)', async () => {
    const { coalescer, next, opened } = scripted({ gather: FOR_EVER });
    const answers = [coalescer.add(1, true)];
    const first = await next(1);
    answers.push(coalescer.add(2, true), coalescer.add(3, true));
    first.answer();
    await answers[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(opened).toHaveLength(1);
    answers.push(coalescer.add(4, true));
    const second = await next(2);
    expect(second.items).toEqual([2, 3, 4]);
    second.answer();
    await Promise.all(answers);
  });

  test('does not keep what presses, the patience of others, or its own end waiting (C6)', async () => {
    for (const end of ['press', 'time', 'close'] as const) {
      const gather = end === 'time' ? { ms: 5, count: 3 } : FOR_EVER;
      const { coalescer, next } = scripted({ gather });
      const answers = [coalescer.add(1, true)];
      const first = await next(1);
      answers.push(coalescer.add(2, true));
      first.answer();
      await answers[0];
      if (end === 'press') answers.push(coalescer.add(3));
      const closed = end === 'close' ? coalescer.close() : null;
      const second = await next(2);
      expect(second.items).toEqual(end === 'press' ? [2, 3] : [2]);
      second.answer();
      await Promise.all([...answers, closed]);
    }
  });

  test('refuses nothing that can wait for the length of the queue (C4, C6)', async () => {
    const { coalescer, next } = scripted({ queueMax: 1 });
    const answers = [coalescer.add(1)];
    const first = await next(1);
    answers.push(coalescer.add(2), coalescer.add(3, true));
    await expect(coalescer.add(4)).rejects.toMatchObject({ code: 'service.busy' });
    first.answer();
    (await next(2)).answer();
    expect(await Promise.all(answers)).toEqual(['done 1', 'done 2', 'done 3']);
  });
});
