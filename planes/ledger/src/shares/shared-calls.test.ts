import { systemClock } from '@sagewai/clock';
import { silentLog } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { KeyId, OrganizationId, ProjectId, ReservationId } from '@sagewai/wire';
import { expect, test } from 'vitest';

import type { CallRequest } from '../call.ts';
import { takeTurns } from '../take-turns.ts';
import { SHARE_DEFAULTS } from './share-settings.ts';
import { SharedCalls } from './shared-calls.ts';

const CALL: CallRequest = {
  id: 'call' as ReservationId,
  orgId: 'org' as OrganizationId,
  projectId: 'project' as ProjectId,
  keyId: 'key' as KeyId,
  model: 'm',
  deployment: 'd',
  price: null,
  inputTokensMax: 0,
  outputTokens: 1,
  mayCap: false,
  expiresInMs: 60_000,
};

test('that shares cannot be renewed is said once, however often it is tried, and again in the next outage', async () => {
  const said: string[] = [];
  const database = { isAway: true, asked: 0 };
  const run = async (): Promise<{ rows: never[]; rowCount: number }> => {
    database.asked += 1;
    if (!database.isAway) return { rows: [], rowCount: 0 };
    throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  };
  const shared = new SharedCalls({
    db: { run } as unknown as Db,
    log: { ...silentLog, warn: (message) => void said.push(message) },
    clock: systemClock,
    takeTurn: takeTurns(),
    settings: { ...SHARE_DEFAULTS, callsASecondMin: 1 },
  });
  const untilAsked = async (more: number): Promise<void> => {
    const before = database.asked;
    await expect
      .poll(() => {
        expect(shared.admit(CALL, 0n)).toBeNull();
        return database.asked;
      })
      .toBeGreaterThanOrEqual(before + more);
  };
  await untilAsked(4);
  expect(said).toEqual(['shares of budgets could not be renewed']);
  database.isAway = false;
  await untilAsked(1);
  database.isAway = true;
  await untilAsked(4);
  expect(said).toHaveLength(2);
  await shared.close();
});
