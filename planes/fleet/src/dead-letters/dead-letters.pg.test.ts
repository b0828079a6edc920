import { type Executor, inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect, vi } from 'vitest';

import type { Answer, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { findOperation, listDue } from './bulk-operations.sql.ts';
import { findDeadLetter, lockRepeatable } from './dead-letters.sql.ts';

const post = (replica: FleetFixture, path: string, body?: unknown): Promise<Answer> =>
  replica.call('POST', path, { as: 'write', ...(body === undefined ? {} : { body }) });

/** Runs that have died, of the pool and with the class. */
async function kill(
  replica: FleetFixture,
  { count = 1, pool = 'default', kind = 'unavailable' } = {},
): Promise<string[]> {
  const worker = await replica.worker({ pool });
  const retry = { max_attempts: 1 };
  for (let n = 0; n < count; n += 1)
    await replica.submit({ payload: { n }, pool, retry, priority: 3 });
  const leases = await replica.claim(worker, { slots: count });
  for (const { run_id: id, epoch } of leases) {
    const said = { run_id: id, epoch, status: 'failed', error: 'away', error_class: kind };
    await replica.report(worker, said);
  }
  return leases.map(({ run_id: id }) => id);
}

const openOf = async (replica: FleetFixture, query = ''): Promise<string[]> => {
  const { body } = await replica.call('GET', `/api/v1/fleet/dead-letters${query}`, { as: 'read' });
  return (body['dead_letters'] as { run_id: string }[]).map(({ run_id: id }) => id);
};

const countRuns = async (owner: Executor): Promise<number> =>
  (await sql`select from run`.execute(owner)).rowCount;

describe('a dead letter', () => {
  test('is not redriven on a full server (F8)', async ({ replicaWith, owner }) => {
    const settings = { queuedMax: 1, roomChunk: 1, fullRetryMs: 1 };
    const replica = replicaWith({ settings });
    await replica.run('fleet.count');
    const [dead] = await kill(replica);
    await replica.run('fleet.count');
    await replica.submit();
    const redrive = () => post(replica, `/api/v1/fleet/dead-letters/${dead}/redrive`);
    expect(await redrive()).toMatchObject({ status: 503, body: { code: 'service.busy' } });
    expect(await countRuns(owner)).toBe(2);
    await replica.claim(await replica.worker());
    await replica.run('fleet.count');
    expect(await redrive()).toMatchObject({ status: 200, body: { created: true } });
  });

  test('is a run that has had its attempts, or that its worker marks; others only failed', async ({
    replica,
    owner,
  }) => {
    const worker = await replica.worker();
    const [final, marked, retried] = [
      await replica.submit(),
      await replica.submit(),
      await replica.submit({ max_attempts: 1 }),
    ];
    for (const { run_id: id, epoch } of await replica.claim(worker)) {
      const failed = { run_id: id, epoch, status: 'failed', error: 'no' };
      if (id === final) await replica.report(worker, failed);
      if (id === marked) await replica.report(worker, { ...failed, dead_letter: true });
      if (id === retried) await replica.report(worker, { ...failed, retry: true });
    }
    const lost = await replica.submit({ max_attempts: 1 });
    await replica.claim(worker);
    await sql`update worker_session set state = 'revoked'`.execute(owner);
    await replica.run('fleet.supervise');

    const { body } = await replica.call('GET', '/api/v1/fleet/dead-letters', { as: 'read' });
    expect(body['dead_letters']).toMatchObject([
      { run_id: lost, cause: 'exhausted', error_class: 'worker_lost', attempts: 1 },
      { run_id: retried, cause: 'exhausted', error_class: 'error' },
      { run_id: marked, cause: 'marked', error_class: 'error', error: 'no' },
    ]);
  });

  test('is found by pool, class, model, project and age', async ({ replica, tenant }) => {
    const [cpu] = await kill(replica);
    const [gpu] = await kill(replica, { pool: 'gpu', kind: 'odd' }).then(async (ids) =>
      ids.length > 0 ? ids : [''],
    );
    expect(await openOf(replica, '?pool=default')).toEqual([cpu]);
    expect(await openOf(replica, '?error_class=unavailable')).toEqual([cpu]);
    expect(await openOf(replica, `?project=${tenant.projectId}`)).toContain(cpu);
    expect(await openOf(replica, '?older_than_seconds=60')).toEqual([]);
    expect(await openOf(replica, '?model=gpt-4o')).toEqual([]);
    expect(await openOf(replica, '?limit=1')).not.toContain(gpu === '' ? cpu : '');
  });

  test('is redriven into one run, however often and by how many at once', async ({
    replica,
    replicaWith,
    owner,
  }) => {
    const other = replicaWith({});
    const [dead] = await kill(replica);
    const path = `/api/v1/fleet/dead-letters/${dead}/redrive`;
    const answers = await Promise.all(
      [replica, other, replica, other].map((one) => post(one, path)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body['run_id'])).size).toBe(1);
    expect(answers.filter(({ body }) => body['created'] === true)).toHaveLength(1);
    expect(await countRuns(owner)).toBe(2);
    expect(await openOf(replica)).toEqual([]);

    const run = String(answers[0]?.body['run_id']);
    const { body } = await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(body).toMatchObject({
      state: 'queued',
      redrive_of: dead,
      payload: { n: 0 },
      priority: 3,
      max_attempts: 1,
      retry: { max_attempts: 1 },
    });
    // The other replica may be the one that has queued it.
    const worker = await replica.worker();
    await vi.waitFor(async () => {
      await replica.run('fleet.sweep');
      expect(await replica.claim(worker)).toMatchObject([{ run_id: run }]);
    }, 30_000);
    expect((await post(replica, `/api/v1/fleet/dead-letters/${dead}/discard`)).status).toBe(409);
  });

  test('waits for another redrive, and finds that it has happened', async ({
    replica,
    db,
    owner,
    tenant,
  }) => {
    const [dead = ''] = await kill(replica);
    await using held = await holdTransaction(db, [tenant.orgId], async (tx) => {
      const rows = await lockRepeatable(tx, [dead as RunId]);
      await sql`update dead_letter set redriven_by = ${dead}`.execute(tx);
      return rows.length;
    });
    expect(held.output).toBe(1);
    const redriving = post(replica, `/api/v1/fleet/dead-letters/${dead}/redrive`);
    await untilWaiting(owner, 1);
    await held.commit();
    expect((await redriving).body).toMatchObject({ run_id: dead, created: false });
    expect(await countRuns(owner)).toBe(1);
  });

  test('of a project that is being deleted begins nothing', async ({ replica, owner }) => {
    const [dead = ''] = await kill(replica);
    await sql`update project set deleting_at = app_now()`.execute(owner);
    const runs = await countRuns(owner);
    const redriven = await post(replica, `/api/v1/fleet/dead-letters/${dead}/redrive`);
    expect(redriven).toMatchObject({ status: 409, body: { code: 'state.conflict' } });
    expect(await countRuns(owner)).toBe(runs);
  });

  test('that is discarded is off the list, and is not redriven', async ({
    replica,
    db,
    tenant,
  }) => {
    const [dead = ''] = await kill(replica);
    expect((await post(replica, `/api/v1/fleet/dead-letters/${dead}/discard`)).status).toBe(200);
    expect(await openOf(replica)).toEqual([]);
    expect(await openOf(replica, '?all=true')).toEqual([dead]);
    const again = await post(replica, `/api/v1/fleet/dead-letters/${dead}/redrive`);
    expect(again).toMatchObject({ status: 409, body: { code: 'state.conflict' } });
    const row = await inTenant(db, [tenant.orgId], (tx) => findDeadLetter(tx, dead as RunId));
    expect(row?.discardedAt).toBeInstanceOf(Date);
  });
});

describe('an operation on many runs', () => {
  test('is previewed, then redrives each once, in the background', async ({
    replicaWith,
    owner,
    db,
    dispatch,
    tenant,
  }) => {
    const replica = replicaWith({ settings: { bulkBatchMax: 2 } });
    const dead = await kill(replica, { count: 5 });
    const path = '/api/v1/fleet/dead-letters/redrive';
    const filter = { error_class: 'unavailable' };
    const preview = await post(replica, path, { filter, dry_run: true });
    expect(preview.body).toMatchObject({ operation_id: null, count: 5, more: false });
    expect(new Set(preview.body['sample'] as string[])).toEqual(new Set(dead));
    expect(await countRuns(owner)).toBe(5);

    const begun = await post(replica, path, { filter });
    expect(begun).toMatchObject({ status: 202, body: { count: 5 } });
    // One of them goes its own way before its turn.
    await post(replica, `/api/v1/fleet/dead-letters/${dead[4]}/redrive`);
    const id = String(begun.body['operation_id']);
    const other = replicaWith({ settings: { bulkBatchMax: 2 } });
    await Promise.all([replica.run('fleet.bulk'), other.run('fleet.bulk')]);
    await replica.run('fleet.bulk');
    const { body } = await replica.call('GET', `/api/v1/fleet/operations/${id}`, { as: 'read' });
    expect(body).toMatchObject({ state: 'done', total: 5, done: 4, skipped: 1 });
    expect(await countRuns(owner)).toBe(10);
    expect(await openOf(replica)).toEqual([]);
    expect(await listDue(dispatch, 10)).toEqual([]);
    expect((await inTenant(db, [tenant.orgId], (tx) => findOperation(tx, id)))?.done).toBe(4);
  });

  test('discards', async ({ replica }) => {
    await kill(replica, { count: 2 });
    await post(replica, '/api/v1/fleet/dead-letters/discard', { filter: {} });
    await replica.run('fleet.bulk');
    expect(await openOf(replica)).toEqual([]);
  });

  test('cancels what is queued, put off or running, where the filter says', async ({ replica }) => {
    const worker = await replica.worker();
    const running = await replica.submit();
    await replica.claim(worker);
    const queued = await replica.submit();
    const putOff = await replica.submit({ delay_seconds: 60 });
    const elsewhere = await replica.submit({ pool: 'gpu' });
    const count = async (filter: object): Promise<unknown> =>
      (await post(replica, '/api/v1/runs/cancel', { filter, dry_run: true })).body['count'];
    expect(await count({})).toBe(4);
    expect(await count({ state: 'queued' })).toBe(2);
    expect(await count({ state: 'scheduled' })).toBe(1);
    expect(await count({ older_than_seconds: 60 })).toBe(0);

    await post(replica, '/api/v1/runs/cancel', { filter: { pool: 'default' } });
    await replica.run('fleet.bulk');
    expect(await replica.state(queued)).toBe('cancelled');
    expect(await replica.state(putOff)).toBe('cancelled');
    expect(await replica.state(elsewhere)).toBe('queued');
    const { body } = await replica.call('GET', `/api/v1/runs/${running}`, { as: 'read' });
    expect(body).toMatchObject({ state: 'running', cancel_requested: true });
  });

  test('takes no more than it may, and says that there is more', async ({ replicaWith }) => {
    const replica = replicaWith({ settings: { bulkRunsMax: 2 } });
    for (let n = 0; n < 3; n += 1) await replica.submit();
    const begun = await post(replica, '/api/v1/runs/cancel', { filter: {} });
    expect(begun.body).toMatchObject({ count: 2, more: true });
  });
});
