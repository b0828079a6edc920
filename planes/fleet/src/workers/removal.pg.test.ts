import { inTenant } from '@sagewai/postgres';
import { holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { makePlace, newRun, requestOf } from '../queue-fixture.ts';
import { askToGo } from './removal.sql.ts';

describe('askToGo', () => {
  test('waits for the claim that is under way, and counts what it took', async ({
    db,
    owner,
    tenant,
  }) => {
    const here = await makePlace(db, tenant);
    const worker = { orgId: tenant.orgId, id: here.workerId, drain: true };
    await submitRuns(db, [newRun(here), newRun(here)]);
    await using claiming = await holdTransaction(db, [tenant.orgId], (tx) =>
      claimRuns(tx, requestOf(here, { slots: 1 })),
    );
    const asked = inTenant(db, [tenant.orgId], (tx) => askToGo(tx, worker));
    await untilWaiting(owner);
    await claiming.commit();
    expect(await asked).toEqual({ state: 'approved', draining: true, held: 1 });
  });

  test('a claim that began before the answer finds nothing after it', async ({
    db,
    owner,
    tenant,
  }) => {
    const here = await makePlace(db, tenant);
    await submitRuns(db, [newRun(here)]);
    await using asking = await holdTransaction(db, [tenant.orgId], (tx) =>
      askToGo(tx, { orgId: tenant.orgId, id: here.workerId, drain: true }),
    );
    expect(asking.output).toMatchObject({ held: 0, draining: true });
    const claiming = claimRuns(db, requestOf(here));
    await untilWaiting(owner);
    await asking.commit();
    expect(await claiming).toEqual([]);
  });

  test('what was given before may be asked for again (F6)', async ({ db, tenant }) => {
    const here = await makePlace(db, tenant);
    await submitRuns(db, [newRun(here), newRun(here)]);
    const request = requestOf(here, { slots: 1 });
    const given = await claimRuns(db, request);
    await inTenant(db, [tenant.orgId], (tx) =>
      askToGo(tx, { orgId: tenant.orgId, id: here.workerId, drain: true }),
    );
    const again = await claimRuns(db, request);
    expect(again.map(({ runId }) => runId)).toEqual(given.map(({ runId }) => runId));
  });

  test('works again once it is let stay', async ({ db, tenant }) => {
    const here = await makePlace(db, tenant);
    await submitRuns(db, [newRun(here)]);
    for (const drain of [true, false]) {
      await inTenant(db, [tenant.orgId], (tx) =>
        askToGo(tx, { orgId: tenant.orgId, id: here.workerId, drain }),
      );
    }
    expect(await claimRuns(db, requestOf(here))).toHaveLength(1);
  });
});

describe('safe-to-remove', () => {
  const path = (id: string, query = ''): string =>
    `/api/v1/fleet/workers/${id}/safe-to-remove${query}`;

  test('tells of an idle worker, a busy one, and one that drains', async ({ replica }) => {
    const worker = await replica.worker();
    await replica.submit();
    const [lease] = await replica.claim(worker);
    const busy = await replica.call('GET', path(worker.id), { as: 'read' });
    expect(busy.body).toMatchObject({ safe: false, draining: false, active_runs: 1 });
    const asked = await replica.call('GET', path(worker.id, '?drain=true'), { as: 'admin' });
    expect(asked.body).toMatchObject({ safe: false, draining: true, active_runs: 1 });
    await replica.report(worker, { run_id: lease?.run_id, epoch: lease?.epoch });
    await replica.submit();
    expect(await replica.claim(worker)).toEqual([]);
    const free = await replica.call('GET', path(worker.id), { as: 'read' });
    expect(free.body).toEqual({
      worker_id: worker.id,
      status: 'approved',
      safe: true,
      draining: true,
      active_runs: 0,
    });
  });

  test('a poll that waits is let go when its worker is asked to go', async ({ replica }) => {
    const worker = await replica.worker();
    let isOver = false;
    const polling = replica.claim(worker, { poll_timeout: 60 }).finally(() => (isOver = true));
    // Asked again until the poll stands where it can be seen; without it, this runs into its limit.
    while (!isOver) {
      await replica.call('GET', path(worker.id, '?drain=true'), { as: worker.token });
    }
    expect(await polling).toEqual([]);
  });

  test('a worker asks for itself only; a reader does not stop one', async ({
    replica,
    replicaWith,
    db,
  }) => {
    const [one, other] = [await replica.worker(), await replica.worker()];
    const status = async (id: string, query: string, as: string): Promise<number> =>
      (await replica.call('GET', path(id, query), { as })).status;
    expect(await status(one.id, '', one.token)).toBe(200);
    expect(await status(other.id, '?drain=true', one.token)).toBe(404);
    expect(await status(one.id, '?drain=true', 'read')).toBe(403);
    const stranger = replicaWith({ tenant: await makeTenant(db) });
    const answer = await stranger.call('GET', path(one.id, '?drain=true'), { as: 'admin' });
    expect(answer.status).toBe(404);
    await replica.submit();
    expect(await replica.claim(one)).toHaveLength(1);
  });
});
