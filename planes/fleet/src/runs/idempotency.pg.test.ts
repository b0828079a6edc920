import { createSecretKey } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { Answer, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { forgetKeys } from '../retention/retention.sql.ts';

const submit = (replica: FleetFixture, payload: object, key = 'k'): Promise<Answer> =>
  replica.call('POST', '/api/v1/runs', {
    as: 'write',
    body: { payload, idempotency_key: key },
  });

describe('an idempotency key', () => {
  test('that another transaction has just used is waited for, then is the same run or a conflict', async ({
    replica,
    replicaWith,
    db,
    owner,
    tenant,
  }) => {
    const other = replicaWith({ key: createSecretKey(Buffer.alloc(32, 7)) });
    const { body: first } = await submit(replica, { a: 1 });
    const { orgId, projectId } = tenant;
    // The first submission, as it is before its commit: its key is there for nobody to see.
    await sql`delete from run_key`.execute(owner);
    await using held = await holdTransaction(db, [orgId], (tx) =>
      sql`
        insert into run_key (org_id, project_id, key, run_id, request_hash, created_at)
        values (${orgId}, ${projectId}, 'k', ${String(first['id'])}, 'another request', now())
      `.execute(tx),
    );
    const waiting = [submit(replica, { a: 1 }), submit(other, { a: 1 })];
    await untilWaiting(owner, 2);
    await held.commit();
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([409, 409]);
    const count = await sql`select from run`.execute(owner);
    expect(count.rowCount).toBe(1);
  });

  test('that was rolled back is free for who waited', async ({ replica, db, owner, tenant }) => {
    const { orgId, projectId } = tenant;
    await using held = await holdTransaction(db, [orgId], (tx) =>
      sql`
        insert into run_key (org_id, project_id, key, run_id, request_hash, created_at)
        values (${orgId}, ${projectId}, 'k', gen_random_uuid(), 'h', now())
      `.execute(tx),
    );
    const waiting = submit(replica, { a: 1 });
    await untilWaiting(owner, 1);
    await held.rollback();
    expect(await waiting).toMatchObject({ status: 201, body: { created: true } });
  });

  test('is one run for all who use it at once, on two replicas', async ({ replicaWith, owner }) => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    const [replica, other] = [replicaWith({ key }), replicaWith({ key })];
    const same = await Promise.all(
      Array.from({ length: 12 }, (_, n) => submit(n % 2 === 0 ? replica : other, { a: 1 })),
    );
    expect(new Set(same.map(({ body }) => body['id'])).size).toBe(1);
    expect(same.filter(({ body }) => body['created'] === true)).toHaveLength(1);
    expect((await submit(other, { a: 2 })).status).toBe(409);
    expect((await sql`select from run`.execute(owner)).rowCount).toBe(1);
  });

  test('is the same run after its end, and a new one after its time', async ({
    replica,
    db,
    tenant,
  }) => {
    const { body: first } = await submit(replica, { a: 1 });
    const id = String(first['id']);
    await replica.call('POST', `/api/v1/runs/${id}/cancel`, { as: 'write' });
    expect((await submit(replica, { a: 1 })).body).toMatchObject({ id, created: false });
    expect((await submit(replica, { a: 2 })).status).toBe(409);
    await inTenant(db, [tenant.orgId], (tx) => forgetKeys(tx, -1_000));
    const { body: second } = await submit(replica, { a: 2 });
    expect(second).toMatchObject({ created: true });
    expect(second['id']).not.toBe(id);
  });
});

describe('an answer', () => {
  test('to a claim is bounded; what does not fit goes to another poll, and costs no attempt', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ settings: { answerBytesMax: 2_500 } });
    const worker = await replica.worker();
    for (let n = 0; n < 5; n += 1) await replica.submit({ payload: { text: 'x'.repeat(1_000) } });
    const seen: string[] = [];
    for (const size of [2, 2, 1]) {
      const leases = await replica.claim(worker, { slots: 10 });
      expect(leases).toHaveLength(size);
      expect(leases.every(({ attempt }) => attempt === 1)).toBe(true);
      seen.push(...leases.map(({ run_id: id }) => id));
    }
    expect(new Set(seen).size).toBe(5);
  });

  test('that lists outputs is bounded', async ({ replicaWith }) => {
    const replica = replicaWith({ settings: { answerBytesMax: 2_500 } });
    const worker = await replica.worker();
    for (let n = 0; n < 4; n += 1) await replica.submit();
    for (const { run_id: id, epoch } of await replica.claim(worker)) {
      await replica.report(worker, { run_id: id, epoch, output: 'x'.repeat(1_000) });
    }
    const { body } = await replica.call('GET', '/api/v1/fleet/tasks', { as: 'read' });
    expect(body['tasks']).toHaveLength(2);
  });
});
