import { expect, test } from 'vitest';

import { Activity } from './activity.ts';
import type { ActivityCount } from './anomalies.sql.ts';

function create(): {
  activity: Activity;
  written: ActivityCount[][];
  at: (ms: number) => void;
  fail: (does: boolean) => void;
} {
  const written: ActivityCount[][] = [];
  let nowMs = 0;
  let fails = false;
  const activity = new Activity({
    monotonicMs: () => nowMs,
    write: (counts) => {
      if (fails) return Promise.reject(new Error('away'));
      written.push([...counts]);
      return Promise.resolve();
    },
  });
  return { activity, written, at: (ms) => (nowMs = ms), fail: (does) => (fails = does) };
}

test('an idle worker that polls now and then writes nothing (A2, A3)', async () => {
  const { activity, written, at } = create();
  for (let poll = 0; poll < 60; poll += 1) {
    at(poll * 10_000);
    activity.askedInVain(1, `poll-${poll}`);
    await activity.flush();
  }
  expect(written).toEqual([]);
});

test('what is above counts whole, in one row a worker and kind', async () => {
  const { activity, written } = create();
  for (let poll = 0; poll < 61; poll += 1) activity.askedInVain(1, `poll-${poll}`);
  activity.note(2, 'excessive_failures');
  activity.note(2, 'excessive_failures', 2);
  await activity.flush();
  await activity.flush();
  expect(written).toEqual([
    [
      { workerNum: 1, kind: 'rate_limit', count: 61 },
      { workerNum: 2, kind: 'excessive_failures', count: 3 },
    ],
  ]);
});

test('a poll that is asked again under its id is one (A1)', async () => {
  const { activity, written } = create();
  for (let poll = 0; poll < 500; poll += 1) activity.askedInVain(1, 'the same');
  await activity.flush();
  expect(written).toEqual([]);
});

test('what could not be written is written with the next batch', async () => {
  const { activity, written, fail } = create();
  activity.note(1, 'model_mismatch');
  fail(true);
  await expect(activity.flush()).rejects.toThrow('away');
  activity.note(1, 'model_mismatch');
  fail(false);
  await activity.flush();
  expect(written).toEqual([[{ workerNum: 1, kind: 'model_mismatch', count: 2 }]]);
});
