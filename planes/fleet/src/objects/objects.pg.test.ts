import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';

import { type ObjectStore, openObjectStore } from '@sagewai/objects';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { makeTenant, untilWaiting } from '@sagewai/testing';
import { ScriptedS3 } from '@sagewai/testing/scripted-s3';
import type { OrganizationId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { FleetFixture, FixtureLease, FixtureWorker } from '../fleet-fixture.ts';
import { fleetTest } from '../fleet-test.ts';
import { findOrphanObjects, findStoredContent } from './objects.sql.ts';
import { PAYLOAD_GONE } from './read-payloads.ts';

interface GivenLease extends FixtureLease {
  readonly payload: unknown;
}

/** A store behind the S3 API: what it holds, and how it fails, is the test's. */
const test = fleetTest.extend<{ s3: ScriptedS3; store: ObjectStore }>({
  // oxlint-disable-next-line no-empty-pattern
  s3: async ({}, use) => {
    const s3 = await ScriptedS3.start();
    await use(s3);
    await s3.stop();
  },
  store: async ({ s3 }, use) => {
    const store = openObjectStore({
      url: `s3://${s3.bucket}`,
      folder: '',
      endpoint: s3.url,
      region: s3.region,
      pathStyle: null,
      keyId: s3.credentials.id,
      secret: s3.credentials.secret,
      sessionToken: null,
      retryMs: 1,
    });
    await use(store);
    await store.close();
  },
});

const KiB = 1024;
const MiB = 1024 * KiB;
/** Everything is old at once. */
const hasty = { objectGraceMs: -60_000 };
const large = (bytes: number, mark = 'x'): { text: string } => ({ text: mark.repeat(bytes) });

const read = async (replica: FleetFixture, run: string) =>
  (await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' })).body;
const claim = async (replica: FleetFixture, worker: FixtureWorker, slots = 10) =>
  (await replica.claim(worker, { slots })) as GivenLease[];

async function stored(db: Db, orgId: OrganizationId, run: string, kind: 'payload' | 'output') {
  const of = { runId: run as never, kind };
  return inTenant(db, [orgId], (tx) => findStoredContent(tx, of));
}

async function complete(replica: FleetFixture, worker: FixtureWorker, output: unknown) {
  const run = await replica.submit({ payload: { small: true } });
  const [lease] = await claim(replica, worker, 1);
  const { run_id, epoch } = lease ?? {};
  return { run, answer: await replica.report(worker, { run_id, epoch, output }) };
}

const refuse = (bytes: number, what: string) => ({
  status: 413,
  body: { detail: `The ${what} of a run may have 1000000 bytes; this one has ${bytes}.` },
});

describe('a large content', () => {
  test('stands in the store, and is read everywhere as it was given (O1)', async ({
    replicaWith,
    store,
    s3,
    db,
    tenant,
  }) => {
    const replica = replicaWith({ objects: store });
    const worker = await replica.worker();
    const payload = { ...large(2 * MiB, 'é'), odd: '"obj1.' };
    const run = await replica.submit({ payload });
    expect((await stored(db, tenant.orgId, run, 'payload'))?.length).toBeLessThan(250);
    expect([...s3.objects.keys()]).toEqual([
      expect.stringMatching(`^${tenant.orgId}/${run}/payload/[0-9a-f-]{36}$`),
    ]);
    expect((await read(replica, run))['payload']).toEqual(payload);

    const [lease] = await claim(replica, worker);
    expect(lease?.payload).toEqual(payload);
    const output = [large(200 * KiB)];
    const report = { run_id: run, epoch: lease?.epoch, output };
    expect((await replica.report(worker, report)).status).toBe(200);
    // The answer was lost, and it is reported again.
    expect((await replica.report(worker, report)).body).toMatchObject({ repeated: true });
    expect((await stored(db, tenant.orgId, run, 'output'))?.length).toBeLessThan(250);
    expect(await read(replica, run)).toMatchObject({ state: 'completed', payload, output });
    const task = await replica.call('GET', `/api/v1/fleet/tasks/${run}`, { as: 'read' });
    expect(task.body).toMatchObject({ output });
    const tasks = await replica.call('GET', '/api/v1/fleet/tasks', { as: 'read' });
    expect(tasks.body).toMatchObject({ tasks: [{ output }] });
  });

  test('is refused above the limit, which the answer names', async ({ replicaWith, store, s3 }) => {
    const replica = replicaWith({ objects: store, settings: { payloadBytesMax: 1_000_000 } });
    const worker = await replica.worker();
    const just = { t: 'x'.repeat(1_000_000 - '{"t":""}'.length) };
    const more = { t: `${just.t}x` };
    await replica.submit({ payload: just });
    const over = await replica.call('POST', '/api/v1/runs', {
      as: 'write',
      body: { payload: more },
    });
    expect(over).toMatchObject(refuse(1_000_001, 'payload'));
    await claim(replica, worker);
    const { answer } = await complete(replica, worker, more);
    expect(answer).toMatchObject(refuse(1_000_001, 'output'));
    expect(s3.objects.size).toBe(1);
  });

  test('costs a small one nothing: no object, and no statement more (O5)', async ({
    replicaWith,
    store,
    s3,
    db,
    tenant,
  }) => {
    const replica = replicaWith({ objects: store });
    const worker = await replica.worker();
    const { run } = await complete(replica, worker, { text: 'y'.repeat(100 * KiB) });
    expect(s3.requests).toEqual([]);
    expect(await stored(db, tenant.orgId, run, 'output')).toBe(
      JSON.stringify({ text: 'y'.repeat(100 * KiB) }),
    );
    const statements = async (bytes: number): Promise<number> => {
      const before = db.statementCount();
      await replica.submit({ payload: large(bytes) });
      return db.statementCount() - before;
    };
    await statements(10);
    const small = await statements(10);
    expect(small).toBeGreaterThan(0);
    // Even a large one is kept by the same statements.
    expect(await statements(300 * KiB)).toBe(small);
  });

  test('of a user never passes for a reference, not even a true one of another run (O3)', async ({
    replicaWith,
    store,
    db,
    tenant,
  }) => {
    const replica = replicaWith({ objects: store });
    const worker = await replica.worker();
    const secret = await replica.submit({ payload: large(200 * KiB, 's') });
    const reference = JSON.parse(
      (await stored(db, tenant.orgId, secret, 'payload')) ?? '',
    ) as string;
    expect(reference).toMatch(/^obj1\./);
    const thief = await replica.submit();
    const leases = await claim(replica, worker);
    const forged = [reference, reference.replace('obj1.0', `obj1.${randomUUID()}`)];
    for (const [at, run] of [thief, secret].entries()) {
      const lease = leases.find(({ run_id: id }) => id === run);
      const output = forged[at];
      await replica.report(worker, { run_id: run, epoch: lease?.epoch, output });
      expect((await read(replica, run))['output']).toBe(output);
      // No row holds what a user has made to look like one.
      expect(await stored(db, tenant.orgId, run, 'output')).not.toBe(JSON.stringify(output));
    }
  });

  test('counts in full towards the size of an answer, and the rest goes to the next', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const settings = { answerBytesMax: 1_000_000 };
    const replica = replicaWith({ objects: store, settings });
    const worker = await replica.worker();
    for (const mark of ['a', 'b', 'c']) await replica.submit({ payload: large(400_000, mark) });
    s3.requests.length = 0;
    const first = await claim(replica, worker);
    expect(first.map(({ payload }) => (payload as { text: string }).text[0])).toEqual(['a', 'b']);
    // What goes back is not read.
    expect(s3.requests).toHaveLength(2);
    expect(await claim(replica, worker)).toMatchObject([{ attempt: 1 }]);
  });

  test('that is gone, or damaged, ends its run, and no other', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store });
    const worker = await replica.worker();
    const gone = await replica.submit({ payload: large(200 * KiB) });
    s3.objects.clear();
    const damaged = await replica.submit({ payload: large(200 * KiB) });
    for (const each of s3.objects.values()) each.bytes[5] = 0;
    const fine = await replica.submit({ payload: large(200 * KiB) });
    const leases = await claim(replica, worker);
    expect(leases.map(({ run_id: id }) => id)).toEqual([fine]);
    for (const run of [gone, damaged]) {
      expect(await read(replica, run)).toMatchObject({
        state: 'failed',
        error: PAYLOAD_GONE,
        error_class: 'payload_gone',
        payload: null,
      });
    }
  });

  test('that cannot be read now goes back, and the attempt does not count', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store });
    const worker = await replica.worker();
    const run = await replica.submit({ payload: large(200 * KiB), max_attempts: 1 });
    const away = { status: 503, code: 'SlowDown' };
    s3.fail(away, away, away, away);
    expect(await claim(replica, worker)).toEqual([]);
    expect(await replica.state(run)).toBe('queued');
    expect(await claim(replica, worker)).toMatchObject([{ run_id: run, attempt: 1 }]);
  });

  test('is not acknowledged when the store does not take it (O2)', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store });
    const away = { status: 503, code: 'SlowDown' };
    s3.fail(away, away, away, away);
    const body = { payload: large(200 * KiB) };
    const answer = await replica.call('POST', '/api/v1/runs', { as: 'write', body });
    expect(answer).toMatchObject({ status: 503, body: { code: 'service.unavailable' } });
    const { body: all } = await replica.call('GET', '/api/v1/runs', { as: 'read' });
    expect(all['runs']).toEqual([]);
  });

  test('is copied when its run is redriven, and outlives the first', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store, settings: hasty });
    const worker = await replica.worker();
    const payload = large(200 * KiB);
    const dead = await replica.submit({ payload });
    const lost = await replica.submit({ payload });
    for (const { run_id, epoch } of await claim(replica, worker)) {
      await replica.report(worker, {
        run_id,
        epoch,
        status: 'failed',
        error: 'x',
        dead_letter: true,
      });
    }
    for (const key of s3.objects.keys()) if (key.includes(lost)) s3.objects.delete(key);
    const path = (run: string): string => `/api/v1/fleet/dead-letters/${run}/redrive`;
    const again = await replica.call('POST', path(dead), { as: 'admin' });
    const run = String(again.body['run_id']);
    expect(s3.objects.size).toBe(2);
    for (const key of s3.objects.keys()) if (key.includes(dead)) s3.objects.delete(key);
    expect(await claim(replica, worker)).toMatchObject([{ run_id: run, payload }]);
    expect(await replica.call('POST', path(lost), { as: 'admin' })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('its payload cannot be read') },
    });
  });
});

describe('of an organization that encrypts', () => {
  const key = createSecretKey(randomBytes(32));
  const settings = { contentKeyGraceMs: 0, reencryptBatch: 2, ...hasty };

  test('an object is sealed, moves with the keys, and leaves nothing behind', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store, settings, key });
    const worker = await replica.worker();
    const clear = await replica.submit({ payload: large(200 * KiB, 'canary') });
    await replica.call('POST', '/api/v1/fleet/encryption/enable', { as: 'admin' });
    const payload = large(200 * KiB, 'kanari');
    const sealed = await replica.submit({ payload });
    const [lease] = await claim(replica, worker, 1);
    await replica.report(worker, { run_id: clear, epoch: lease?.epoch, output: payload });
    await replica.call('POST', '/api/v1/fleet/encryption/rotate', { as: 'admin', body: {} });
    const before = new Set(s3.objects.keys());
    for (let round = 0; round < 3; round += 1) await replica.run('fleet.reencrypt');
    const { body } = await replica.call('GET', '/api/v1/fleet/encryption', { as: 'read' });
    expect((body['keys'] as { state: string }[]).map(({ state }) => state)).toEqual([
      'active',
      'retired',
    ]);
    await replica.run('fleet.objects');
    expect(s3.objects.size).toBe(3);
    for (const [name, { bytes }] of s3.objects) {
      expect(before.has(name)).toBe(false);
      expect(String(bytes)).toMatch(/^"enc1\./);
    }
    expect(await read(replica, sealed)).toMatchObject({ payload });
    expect(await read(replica, clear)).toMatchObject({ output: payload });
  });

  test('who read the row before a rotation finds the object after it', async ({
    replicaWith,
    store,
    s3,
  }) => {
    const replica = replicaWith({ objects: store, settings, key });
    const worker = await replica.worker();
    await replica.call('POST', '/api/v1/fleet/encryption/enable', { as: 'admin' });
    const payload = large(200 * KiB);
    const run = await replica.submit({ payload });
    const reached = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    s3.gate = async ({ method }) => {
      if (method !== 'GET') return;
      s3.gate = null;
      reached.resolve();
      await release.promise;
    };
    const reading = read(replica, run);
    await reached.promise;
    await replica.call('POST', '/api/v1/fleet/encryption/rotate', { as: 'admin', body: {} });
    await replica.run('fleet.reencrypt');
    await replica.run('fleet.objects');
    expect(s3.objects.size).toBe(1);
    release.resolve();
    expect(await reading).toMatchObject({ payload });
    expect(await claim(replica, worker)).toMatchObject([{ run_id: run }]);
  });
});

describe('objects that no row refers to', () => {
  test('stay while their row is being committed, and once it is (O2)', async ({
    replicaWith,
    store,
    s3,
    owner,
  }) => {
    const replica = replicaWith({ objects: store, settings: { objectGraceMs: 60_000 } });
    const worker = await replica.worker();
    await using held = await lockRuns(owner);
    const submitting = replica.submit({ payload: large(200 * KiB) });
    await untilWaiting(owner);
    expect(s3.objects.size).toBe(1);
    await replica.run('fleet.objects');
    expect(s3.objects.size).toBe(1);
    await held.release();
    const run = await submitting;
    s3.age(120_000);
    await replica.run('fleet.objects');
    expect(await claim(replica, worker)).toMatchObject([
      { run_id: run, payload: large(200 * KiB) },
    ]);
  });

  test('go after the grace: of a submission that was not stored, of a run that was dropped', async ({
    replicaWith,
    store,
    s3,
    owner,
    tenant,
  }) => {
    const settings = { objectGraceMs: 60_000, runRetentionMs: 86_400_000 };
    const replica = replicaWith({ objects: store, settings });
    const worker = await replica.worker();
    const kept = await replica.submit({ payload: large(200 * KiB) });
    const [lease] = await claim(replica, worker);
    await replica.report(worker, { run_id: kept, epoch: lease?.epoch, output: large(200 * KiB) });
    const key = { as: 'write', body: { payload: large(200 * KiB), idempotency_key: 'k' } };
    await replica.call('POST', '/api/v1/runs', key);
    await replica.call('POST', '/api/v1/runs', key);
    await store.put('probe/left', Buffer.from('1'));
    expect(s3.objects.size).toBe(5);
    await replica.run('fleet.objects');
    expect(s3.objects.size).toBe(5);
    s3.age(120_000);
    await replica.run('fleet.objects');
    expect(s3.objects.size).toBe(3);

    await sql`delete from outcome where org_id = ${tenant.orgId}`.execute(owner);
    await sql`delete from run where run_id = ${kept}`.execute(owner);
    await replica.run('fleet.objects');
    expect([...s3.objects.keys()].filter((name) => name.includes(kept))).toEqual([]);
    expect(s3.objects.size).toBe(1);
  });

  test("of another database's organizations, and what is none of ours, are not touched", async ({
    replicaWith,
    store,
    s3,
    db,
  }) => {
    const replica = replicaWith({ objects: store, settings: hasty });
    const other = await makeTenant(db);
    const ids = [randomUUID(), 'payload', randomUUID()].join('/');
    const names = [
      `${randomUUID()}/${ids}`,
      `${other.orgId}/backup/of-somebody`,
      `${other.orgId}/${ids}`,
    ];
    for (const name of names) await store.put(name, Buffer.from('1'));
    await replica.run('fleet.objects');
    expect([...s3.objects.keys()]).toEqual(names.slice(0, 2));
  });

  test('are told from those of one organization only (isolation)', async ({
    replicaWith,
    store,
    db,
    tenant,
  }) => {
    const replica = replicaWith({ objects: store });
    const run = await replica.submit({ payload: large(200 * KiB) });
    const other = await makeTenant(db);
    const reference = (await stored(db, tenant.orgId, run, 'payload')) ?? '';
    const objectId = reference.split('.')[2] ?? '';
    const named = { runId: run as never, kind: 'payload' as const, objectId };
    const orphansOf = (orgId: OrganizationId) =>
      inTenant(db, [orgId], (tx) => findOrphanObjects(tx, [named]));
    expect(await orphansOf(tenant.orgId)).toEqual([]);
    expect(await orphansOf(other.orgId)).toEqual([named]);
    expect(await stored(db, other.orgId, run, 'payload')).toBeNull();
  });
});

/** Whoever stores a run waits until it is released. */
async function lockRuns(owner: Db) {
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const ended = owner.withConnection(async (connection) => {
    await connection.command('begin');
    await sql`lock table run in share row exclusive mode`.execute(connection);
    locked.resolve();
    await held.promise;
    await connection.command('rollback');
  });
  await locked.promise;
  const release = async (): Promise<void> => {
    held.resolve();
    await ended;
  };
  return { release, [Symbol.asyncDispose]: release };
}
