import { setImmediate as nextTurn } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import type { Heartbeat, HeartbeatAnswer } from '../dispatch/leases.sql.ts';
import { Heartbeats } from './heartbeats.ts';

const PACE_MS = 3_000;
const LIVES: HeartbeatAnswer = { lives: true, state: 'approved', cancel: [], lost: [], unheld: [] };

function fixture() {
  let now = 0;
  const batches: number[][] = [];
  const heartbeats = new Heartbeats({
    beat: (batch: readonly Heartbeat[]) => {
      batches.push(batch.map(({ workerNum }) => workerNum));
      return Promise.resolve(batch.map(() => LIVES));
    },
    giveBack: () => Promise.resolve(),
    signEveryMs: PACE_MS,
    paceMs: PACE_MS,
    monotonicMs: () => now,
    onError: (error) => expect.unreachable(String(error)),
  });
  const beat = (workerNum: number) => heartbeats.beat({ workerNum, sessionEpoch: 1n, runs: null });
  return { heartbeats, batches, beat, pass: (ms: number) => (now += ms) };
}

describe('a heartbeat', () => {
  test('of a worker with the interval of the server waits for its pace', async () => {
    const { batches, beat, pass } = fixture();
    await beat(1);
    pass(10 * PACE_MS);
    await beat(2);
    pass(PACE_MS / 10);
    let isAnswered = false;
    void beat(1).then(() => (isAnswered = true));
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect([batches, isAnswered]).toEqual([[[1], [2]], false]);
  });

  test('of one with a shorter interval, or of one that is new here, does not', async () => {
    const { batches, beat, pass } = fixture();
    await beat(1);
    pass(1_000);
    await beat(1);
    pass(1_000);
    await beat(2);
    expect(batches).toEqual([[1], [1], [2]]);
  });

  test('that waits for its pace is written before the end', async () => {
    const { heartbeats, batches, beat, pass } = fixture();
    await beat(1);
    pass(10 * PACE_MS);
    await beat(2);
    pass(PACE_MS / 10);
    const last = beat(1);
    await heartbeats.close();
    expect(await last).toBe(LIVES);
    expect(batches).toEqual([[1], [2], [1]]);
    await heartbeats.close();
  });
});
