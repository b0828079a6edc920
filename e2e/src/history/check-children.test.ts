import { expect, test } from 'vitest';

import { checkCancelled, checkWaitsForChildren, type TreeHistory } from './check-children.ts';

const NOTHING: TreeHistory = {
  children: [],
  cancelled: [],
  claimed: [],
  reported: [],
  gaveUp: [],
};
const child = { kind: 'child', runId: 'c', parentId: 'p', answeredMs: 10 } as const;
const cancelled = { kind: 'cancelled', runId: 'p', answeredMs: 20 } as const;
const claimOf = (runId: string, sentMs: number, epoch = 7) =>
  ({ kind: 'claimed', runId, epoch, workerId: 'w', sentMs, answeredMs: sentMs + 1 }) as const;

test('H17: a cancelled run, its child and the child of its child are not handed out later', () => {
  const grandchild = { ...child, runId: 'g', parentId: 'c' };
  const history = { ...NOTHING, children: [child, grandchild], cancelled: [cancelled] };
  for (const runId of ['p', 'c', 'g']) {
    expect(checkCancelled({ ...history, claimed: [claimOf(runId, 21)] })).toHaveLength(1);
    // It was asked for while it could still be had.
    expect(checkCancelled({ ...history, claimed: [claimOf(runId, 19)] })).toEqual([]);
  }
  expect(checkCancelled({ ...history, claimed: [claimOf('another', 21)] })).toEqual([]);
});

const wait = {
  kind: 'gave up',
  how: 'waits for children',
  runId: 'p',
  epoch: 3,
  sentMs: 11,
  answeredMs: 12,
} as const;
const goesOn = { ...claimOf('p', 20, 8), resumedBy: 'children' } as const;

test('H18: a child that is given out or ends after its parent has gone on without it', () => {
  const history = { ...NOTHING, children: [child], gaveUp: [wait] };
  const judge = (more: Partial<TreeHistory>): number =>
    checkWaitsForChildren({ ...history, ...more }).length;
  expect(judge({ claimed: [goesOn, claimOf('c', 30)] })).toBe(1);
  expect(judge({ claimed: [goesOn, claimOf('c', 15)] })).toBe(0);
  const reported = {
    kind: 'reported',
    runId: 'c',
    epoch: 7,
    output: 'x',
    accepted: true,
    repeated: false,
    sentMs: 30,
    answeredMs: 31,
  } as const;
  expect(judge({ claimed: [goesOn], reported: [reported] })).toBe(1);
  expect(judge({ claimed: [goesOn], reported: [{ ...reported, repeated: true }] })).toBe(0);
  expect(judge({ claimed: [goesOn], reported: [{ ...reported, accepted: false }] })).toBe(0);
});

test('H18: what ended the wait otherwise, and a child of later, are no fault', () => {
  const claimed = [goesOn, claimOf('c', 30)];
  const history = { ...NOTHING, children: [child], gaveUp: [wait], claimed };
  const timedOut = { ...goesOn, resumedBy: 'timeout' } as const;
  expect(checkWaitsForChildren({ ...history, claimed: [timedOut, claimOf('c', 30)] })).toEqual([]);
  const later = { ...child, answeredMs: 11.5 };
  expect(checkWaitsForChildren({ ...history, children: [later] })).toEqual([]);
  expect(checkWaitsForChildren({ ...history, gaveUp: [{ ...wait, epoch: 8 }] })).toEqual([]);
});
