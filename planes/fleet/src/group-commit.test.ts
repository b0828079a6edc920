import { describe, expect, test } from 'vitest';

import { GroupCommit } from './group-commit.ts';

/** Commits that a test ends one by one. */
function manual(): {
  batches: (readonly number[])[];
  commit: (batch: readonly number[]) => Promise<number[]>;
  end: () => void;
} {
  const batches: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  return {
    batches,
    commit: (batch) => {
      batches.push(batch);
      return new Promise((resolve) => ends.push(() => resolve(batch.map((item) => item * 10))));
    },
    end: () => ends.shift()?.(),
  };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('GroupCommit', () => {
  test('makes one batch of what arrives while another is on its way', async () => {
    const { batches, commit, end } = manual();
    const group = new GroupCommit({ commit, weightMax: 100, lanes: 1 });
    const first = group.add(1);
    await nextTurn();
    const rest = Promise.all([group.add(2), group.add(3)]);
    await nextTurn();
    expect(batches).toEqual([[1]]);
    end();
    expect(await first).toBe(10);
    while (batches.length < 2) await nextTurn();
    end();
    expect(await rest).toEqual([20, 30]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test('keeps two items with one key apart, and batches within their weight', async () => {
    const seen: (readonly number[])[] = [];
    const group = new GroupCommit<number, number>({
      commit: (batch) => {
        seen.push(batch);
        return Promise.resolve([...batch]);
      },
      weightOf: (item) => item,
      weightMax: 6,
      lanes: 1,
      keysOf: (item) => [String(item % 2)],
    });
    await Promise.all([1, 3, 2, 9].map((item) => group.add(item)));
    expect(seen).toEqual([[1, 2], [3], [9]]);
  });

  test('refuses the one item that the database refuses, and stores its neighbours', async () => {
    const group = new GroupCommit<number, number>({
      commit: (batch) => {
        if (batch.includes(13)) throw Object.assign(new Error('refused'), { code: '22P02' });
        return Promise.resolve([...batch]);
      },
      weightMax: 100,
      lanes: 1,
    });
    const answers = await Promise.allSettled([1, 2, 13, 4, 5].map((item) => group.add(item)));
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  test('with a pace, what comes in between goes together; what is urgent, or fills a batch, does not wait', async () => {
    let now = 0;
    const batches: (readonly number[])[] = [];
    const group = new GroupCommit<number, number>({
      commit: (batch) => {
        batches.push(batch);
        return Promise.resolve([...batch]);
      },
      weightMax: 3,
      lanes: 1,
      // Real time plays no part: a timer that it sets is for an hour.
      pace: { everyMs: 3_600_000, monotonicMs: () => now, isUrgent: (item) => item > 100 },
    });
    await group.add(1); // Nobody came before.
    const [two, three] = [group.add(2), group.add(3)];
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
    expect(batches).toEqual([[1]]);
    await group.add(101);
    await Promise.all([two, three]);
    expect(batches).toEqual([[1], [2, 3, 101]]);
    await Promise.all([4, 5, 6].map((item) => group.add(item)));
    expect(batches).toHaveLength(3);
    now += 3_600_000;
    await group.add(7);
    expect(batches.at(-1)).toEqual([7]);
  });

  test('tries nothing twice when the connection was lost: it may have been stored', async () => {
    let commits = 0;
    const group = new GroupCommit<number, number>({
      commit: () => {
        commits += 1;
        return Promise.reject(Object.assign(new Error('gone'), { code: '57P01' }));
      },
      weightMax: 100,
      lanes: 1,
    });
    await Promise.allSettled([group.add(1), group.add(2)]);
    expect(commits).toBe(1);
  });
});
