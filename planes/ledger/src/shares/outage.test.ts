import { silentLog } from '@sagewai/log';
import type { Db, Statement } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import type { OrganizationId } from '@sagewai/wire';
import { beforeEach, describe, expect, test } from 'vitest';

import { Outage } from './outage.ts';

const ORG = 'org' as OrganizationId;
const OTHER = 'other' as OrganizationId;
const clock = { nowMs: 0, now: () => new Date(0), monotonicMs: () => clock.nowMs };
beforeEach(() => {
  clock.nowMs = 0;
});

function outageOf() {
  const settings = { openForMs: 1_000, openPusd: 100n, keptMs: 60_000 };
  const outage = new Outage(settings, { log: silentLog, clock, metrics: createMetrics() });
  let error: Error | null = null;
  const inner = {
    run: async () => {
      if (error) throw error;
      return { rows: [], rowCount: 0 };
    },
  };
  const db = outage.watch(inner as unknown as Db);
  const ask = async (failure: Error | null): Promise<void> => {
    error = failure;
    await db.run({} as Statement<unknown>).catch(() => {});
  };
  return { outage, ask };
}

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const mistaken = Object.assign(new Error('no such column'), { code: '42703' });

describe('in an outage', () => {
  test('an organization spends what it may, and each its own (O2)', async () => {
    const { outage, ask } = outageOf();
    expect(outage.admit(ORG, 10n, 1)).toBe(false);
    await ask(mistaken); // which is an answer
    expect(outage.isAway).toBe(false);
    await ask(refused);
    expect(outage.admit(ORG, 60n, 1)).toBe(true);
    expect(outage.admit(ORG, 41n, 1)).toBe(false);
    expect(outage.admit(ORG, 40n, 1)).toBe(true);
    expect(outage.admit(OTHER, 100n, 1)).toBe(true);
    expect(outage.admit(ORG, 1n, 1)).toBe(false);
  });

  test('nothing is spent when the last answer is too old; the next outage begins anew (O2)', async () => {
    const { outage, ask } = outageOf();
    clock.nowMs = 500;
    await ask(null);
    await ask(refused);
    expect(outage.admit(ORG, 100n, 1_499)).toBe(true);
    expect(outage.admit(OTHER, 1n, 1_500)).toBe(false);
    clock.nowMs = 2_000;
    await ask(refused); // a second failure is not an answer
    expect(outage.admit(OTHER, 1n, 2_000)).toBe(false);
    await ask(null);
    expect(outage.admit(ORG, 1n, 2_000)).toBe(false);
    await ask(refused);
    expect(outage.admit(ORG, 100n, 2_999)).toBe(true);
  });
});

test('so much is held that calls like this one can spend it, and no more calls than a thousand', () => {
  const { outage } = outageOf();
  expect(outage.reserveFor([30, 5, 1])).toEqual([100, 15, 3]);
  expect(outage.reserveFor([1_000, 5, 1])).toEqual([100, 5, 1]);
  expect(outage.reserveFor([0, 5, 1])).toEqual([0, 5_000, 1_000]);
});
