import { randomUUID } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { createLedger } from '@sagewai/ledger';
import { silentLog } from '@sagewai/log';
import { inTenant } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { ReservationId, RunId, WorkerId } from '@sagewai/wire';
import { expect } from 'vitest';

import { findOwnCall, findOwnReservation } from './own-calls.sql.ts';

test('a worker’s call is found while it is open and after; one of the gateway never', async ({
  db,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  const ledger = createLedger({ db, log: silentLog, metrics: createMetrics() });
  const [runId, workerId] = [newId<RunId>(), randomUUID() as WorkerId];
  const [own, gateways] = [newId<ReservationId>(), newId<ReservationId>()];
  const call = {
    orgId,
    projectId,
    runId,
    model: 'llama3',
    deployment: 'worker',
    price: null,
    inputTokensMax: 1,
    outputTokens: 1,
    mayCap: false,
    expiresInMs: 60_000,
  };
  await ledger.reserve({ ...call, id: own, workerId });
  await ledger.reserve({ ...call, id: gateways });
  const find = (id: ReservationId) => inTenant(db, [orgId], (tx) => findOwnCall(tx, id));
  expect(await find(own)).toEqual({ runId, workerId, model: 'llama3' });
  expect(await find(gateways)).toBeNull();
  const held = (id: ReservationId) => inTenant(db, [orgId], (tx) => findOwnReservation(tx, id));
  expect(await held(newId<ReservationId>())).toBeNull();
  expect(await held(own)).toEqual({
    model: 'llama3',
    inputTokensMax: 1,
    outputTokensMax: 1,
    expiresAt: expect.any(Date),
  });
  await ledger.settle({
    id: own,
    orgId,
    costPusd: null,
    inputTokens: 1,
    outputTokens: 1,
    usageSource: 'declared_by_worker',
    status: 'ok',
  });
  expect(await find(own)).toEqual({ runId, workerId, model: 'llama3' });
  expect(await held(own)).toMatchObject({ model: 'llama3', expiresAt: null });
  await ledger.close();
});
