import { createSecretKey, randomBytes } from 'node:crypto';

import { type Db, type Executor, sql, type Statement } from '@sagewai/postgres';
import { fernetDecrypt, fernetEncrypt, fernetKey } from '@sagewai/seal';
import { untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { FleetFixture, FixtureLease, FixtureWorker } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

interface KeyedLease extends FixtureLease {
  readonly payload: unknown;
  readonly content_key?: { readonly id: string; readonly key: string };
}

const CANARY = 'canary-4c1f-of-what-nobody-may-read';
/** The grace is over at once: what it waits for is held open by the tests themselves. */
const settings = { contentKeyGraceMs: 0, reencryptBatch: 4 };
/** As replicas of one installation have it. */
const shared = { settings, key: createSecretKey(randomBytes(32)) };

const enable = (replica: FleetFixture) =>
  replica.call('POST', '/api/v1/fleet/encryption/enable', { as: 'admin' });
const rotate = (replica: FleetFixture, body: object = {}) =>
  replica.call('POST', '/api/v1/fleet/encryption/rotate', { as: 'admin', body });
const status = async (replica: FleetFixture) =>
  (await replica.call('GET', '/api/v1/fleet/encryption', { as: 'read' })).body as {
    settled: boolean;
    keys: { id: string; state: string }[];
  };
const read = async (replica: FleetFixture, run: string) =>
  (await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' })).body;

const claim = async (replica: FleetFixture, worker: FixtureWorker, slots = 10) =>
  (await replica.claim(worker, { slots })) as KeyedLease[];

function openToken(lease: KeyedLease | undefined, key = lease?.content_key?.key): unknown {
  const opened = fernetDecrypt(fernetKey(key ?? '') ?? never(), String(lease?.payload), {
    now: new Date(),
    ttlSeconds: null,
  });
  return opened.kind === 'opened' ? JSON.parse(opened.data.toString()) : opened.why;
}

const sealed = (lease: KeyedLease | undefined, text: string): string =>
  fernetEncrypt(fernetKey(lease?.content_key?.key ?? '') ?? never(), text, new Date());

const never = (): never => {
  throw new Error('there is no key');
};

/** The report of a worker that encrypts. */
const sealedReport = (lease: KeyedLease | undefined, output: unknown) => ({
  run_id: lease?.run_id,
  epoch: lease?.epoch,
  output: sealed(lease, JSON.stringify(output)),
  content_key_id: lease?.content_key?.id,
});

/** Tables in which the text stands. */
async function tablesWith(owner: Executor, text: string): Promise<string[]> {
  const { rows } = await sql<{ name: string; xml: string }>`
    select c.relname as name,
           query_to_xml(format('select t::text from %I t', c.relname), true, false, '')::text as xml
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  `.execute(owner);
  if (rows.length < 20) throw new Error('that is not the database');
  const hex = Buffer.from(text).toString('hex');
  return rows.filter(({ xml }) => xml.includes(text) || xml.includes(hex)).map(({ name }) => name);
}

describe('an organization that encrypts', () => {
  test('stores nothing in clear, and its readers read what was said (E1)', async ({
    replicaWith,
    owner,
  }) => {
    const replica = replicaWith(shared);
    expect((await enable(replica)).body).toMatchObject({ enabled: true });
    const worker = await replica.worker();
    const payload = { agent: { name: 'a' }, message: CANARY };
    const done = await replica.submit({ payload, idempotency_key: 'k' });
    const failed = await replica.submit({ payload });
    const older = await replica.submit({ payload });

    const leases = await claim(replica, worker);
    const of = (run: string) => leases.find(({ run_id }) => run_id === run);
    expect(JSON.stringify(leases)).not.toContain(CANARY);
    expect(openToken(of(done))).toEqual(payload);

    const said = { kind: 'log', text: `doing ${CANARY}`, data: { CANARY } };
    const events = await replica.call('POST', `/api/v1/fleet/runs/${done}/events`, {
      as: worker.token,
      body: {
        epoch: of(done)?.epoch,
        first: 1,
        events: [said, { kind: 'progress', fraction: 0.5, text: CANARY }],
      },
    });
    expect(events.status).toBe(200);
    const output = { said: CANARY, zero: '\u0000' };
    const reports = [
      sealedReport(of(done), output),
      {
        run_id: failed,
        epoch: of(failed)?.epoch,
        status: 'failed',
        error: sealed(of(failed), `it failed at ${CANARY}`),
        content_key_id: of(failed)?.content_key?.id,
      },
      // A worker that knows nothing of keys.
      { run_id: older, epoch: of(older)?.epoch, status: 'failed', output: CANARY, error: CANARY },
    ];
    for (const report of reports) {
      expect(await replica.report(worker, report)).toMatchObject({ status: 200 });
    }
    expect(await read(replica, done)).toMatchObject({ state: 'completed', payload, output });
    expect(await read(replica, failed)).toMatchObject({ error: `it failed at ${CANARY}` });
    expect(await read(replica, older)).toMatchObject({ output: CANARY, error: CANARY });
    const { body } = await replica.call('GET', '/api/v1/fleet/tasks', { as: 'read' });
    expect((body['tasks'] as { error: string }[]).map(({ error }) => error)).toEqual([
      CANARY,
      `it failed at ${CANARY}`,
      null,
    ]);
    expect(await read(replica, done)).toMatchObject({ progress: { text: CANARY } });
    const heard = await replica.call('GET', `/api/v1/runs/${done}/events`, { as: 'read' });
    expect(heard.body['events']).toMatchObject([
      { text: `doing ${CANARY}`, data: { CANARY } },
      { text: CANARY },
    ]);
    expect(await tablesWith(owner, done)).toEqual(expect.arrayContaining(['run', 'run_event']));
    expect(await tablesWith(owner, CANARY)).toEqual([]);
    // The same request again is the same run: it is compared by a keyed hash.
    expect(await replica.submit({ payload, idempotency_key: 'k' })).toBe(done);
  });

  test('a worker with its keys opens no run but its own (E3)', async ({ replicaWith }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const [one, two] = [await replica.worker(), await replica.worker()];
    await replica.submit({ payload: { n: 1 } });
    await replica.submit({ payload: { n: 2 } });
    const [mine] = await claim(replica, one, 1);
    const [other] = await claim(replica, two, 1);
    expect(mine?.content_key?.id).toBe(other?.content_key?.id); // of one project
    expect(openToken(mine)).toEqual({ n: 1 });
    expect(openToken(other, mine?.content_key?.key)).toBe('forged');
  });

  test('a dead letter says why in clear, and is given again under the key of its new run', async ({
    replicaWith,
  }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const worker = await replica.worker();
    const run = await replica.submit({ payload: { n: 1 } });
    const [lease] = await claim(replica, worker);
    await replica.report(worker, {
      run_id: run,
      epoch: lease?.epoch,
      status: 'failed',
      error: sealed(lease, CANARY),
      content_key_id: lease?.content_key?.id,
      dead_letter: true,
    });
    const letters = await replica.call('GET', '/api/v1/fleet/dead-letters', { as: 'read' });
    expect(letters.body['dead_letters']).toMatchObject([{ run_id: run, error: CANARY }]);
    const redriven = await replica.call('POST', `/api/v1/fleet/dead-letters/${run}/redrive`, {
      as: 'admin',
    });
    expect(redriven.status).toBeLessThan(300);
    const [again] = await claim(replica, worker);
    expect(again?.run_id).not.toBe(run);
    expect(openToken(again)).toEqual({ n: 1 });
  });

  test('what cannot be opened is not taken, and what looks like it neither (E4)', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ ...shared, settings: { ...settings, payloadBytesMax: 100_000 } });
    await enable(replica);
    const worker = await replica.worker();
    await replica.submit();
    await replica.submit();
    const [one, two] = await claim(replica, worker);
    const report = (fields: object) =>
      replica.report(worker, { run_id: one?.run_id, epoch: one?.epoch, ...fields });
    const id = one?.content_key?.id;
    for (const fields of [
      { output: sealed(two, '{}'), content_key_id: id },
      { output: sealed(one, 'no JSON'), content_key_id: id },
      { output: { in: 'clear' }, content_key_id: id },
      { output: sealed(one, '{}'), content_key_id: '0199bbbb-0000-7000-8000-000000000001' },
      { output: `enc1.${id}.${sealed(one, '{}')}` },
      { status: 'failed', error: `enc1.${id}.gAAAAA` },
    ]) {
      expect(await report(fields)).toMatchObject({
        status: 400,
        body: { code: 'request.invalid' },
      });
    }
    const large = {
      output: sealed(one, JSON.stringify('x'.repeat(100_001))),
      content_key_id: id,
    };
    expect(await report(large)).toMatchObject({ status: 413 });
    expect(await report(sealedReport(one, {}))).toMatchObject({ status: 200 });
  });

  test('switched on late, encrypts what was stored before in time', async ({
    replicaWith,
    owner,
  }) => {
    const replica = replicaWith(shared);
    const worker = await replica.worker();
    const runs: string[] = [];
    for (let n = 0; n < 10; n += 1) runs.push(await replica.submit({ payload: { n, CANARY } }));
    for (const { run_id, epoch } of await claim(replica, worker, 5)) {
      await replica.report(worker, { run_id, epoch, output: { CANARY }, status: 'completed' });
    }
    expect(await tablesWith(owner, CANARY)).toEqual(expect.arrayContaining(['run', 'outcome']));
    await enable(replica);
    expect(await status(replica)).toMatchObject({ settled: false });
    await replica.run('fleet.reencrypt');
    expect(await status(replica)).toMatchObject({ settled: true });
    expect(await tablesWith(owner, CANARY)).toEqual([]);
    for (const [n, run] of runs.entries()) {
      expect(await read(replica, run)).toMatchObject({ payload: { n, CANARY } });
    }
    expect(await read(replica, runs[0] ?? '')).toMatchObject({ output: { CANARY } });
  });

  test('a lost key of one project opens no other, and hides no other', async ({
    replicaWith,
    tenant,
    owner,
  }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const lost = await replica.submit({ payload: { of: 'one' } });
    const otherProject = await makeProject(owner, tenant.orgId);
    const other = replicaWith({ ...shared, tenant: { ...tenant, projectId: otherProject } });
    const kept = await other.submit({ payload: { of: 'two' } });
    // Somebody takes the other project's wrapped key for the first one's.
    await sql`
      update project_key k set wrapped = o.wrapped from project_key o
      where k.project_id = ${tenant.projectId} and o.project_id = ${otherProject}
    `.execute(owner);
    const fresh = replicaWith(shared);
    expect(await read(fresh, lost)).toMatchObject({ payload: null });
    expect(await read(fresh, kept)).toMatchObject({ payload: { of: 'two' } });
    // Nothing more is stored under it; a new key is all that it takes to go on.
    const refused = await fresh.call('POST', '/api/v1/runs', {
      as: 'write',
      body: { payload: {} },
    });
    expect(refused.status).toBe(500);
    await rotate(fresh, { project: tenant.projectId });
    await fresh.run('fleet.reencrypt');
    const next = await fresh.submit({ payload: { of: 'one, again' } });
    expect(await read(fresh, next)).toMatchObject({ payload: { of: 'one, again' } });
    const [lease] = await claim(fresh, await fresh.worker());
    expect(lease).toMatchObject({ run_id: lost });
    expect(lease?.content_key).toBeUndefined();
    expect((await status(fresh)).keys).toContainEqual(
      expect.objectContaining({ project_id: tenant.projectId, state: 'retiring' }),
    );
  });

  test('is switched on and rotated by an administrator, on the record', async ({
    replica,
    owner,
  }) => {
    const by = (as: string, what: string) =>
      replica.call('POST', `/api/v1/fleet/encryption/${what}`, {
        as,
        ...(what === 'rotate' ? { body: {} } : {}),
      });
    expect(await by('write', 'enable')).toMatchObject({ status: 403 });
    expect(await by('write', 'rotate')).toMatchObject({ status: 403 });
    expect(await by('admin', 'rotate')).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/Encryption is off/) },
    });
    expect(await by('admin', 'enable')).toMatchObject({ status: 200 });
    expect(await by('admin', 'enable')).toMatchObject({ status: 200 });
    expect(await by('admin', 'rotate')).toMatchObject({ body: { rotated: 0 } });
    expect(await rotate(replica, { project: 'nowhere' })).toMatchObject({ status: 404 });
    const { rows } = await sql<{ action: string }>`
      select action from audit_entry where outcome = 'ok' and action like 'fleet.%Encryption'
      order by seq
    `.execute(owner);
    expect(rows.map(({ action }) => action)).toEqual([
      'fleet.enableEncryption',
      'fleet.enableEncryption',
      'fleet.rotateEncryption',
    ]);
  });
});

describe('a rotation', () => {
  test('that is killed midway goes on, and loses nothing; then the old key is gone (E2)', async ({
    replicaWith,
    owner,
    open,
  }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const worker = await replica.worker();
    const runs: string[] = [];
    for (let n = 0; n < 14; n += 1) runs.push(await replica.submit({ payload: { n } }));
    for (const lease of await claim(replica, worker, 6)) {
      await replica.report(worker, sealedReport(lease, { of: lease.run_id }));
    }
    expect(await rotate(replica)).toMatchObject({ body: { rotated: 1 } });
    const [, before] = (await status(replica)).keys;
    expect(before).toMatchObject({ state: 'retiring' });

    // The batch that holds the eighth run waits for us, and its connection dies.
    const mortal = open({ role: 'sagewai_request', maxConnections: 4 });
    const doomed = replicaWith({ ...shared, db: mortal });
    const held = Promise.withResolvers<void>();
    const kill = Promise.withResolvers<void>();
    const holding = owner.withConnection(async (connection) => {
      await connection.command('begin');
      await sql`select from run where run_id = ${runs[7]} for update`.execute(connection);
      held.resolve();
      await kill.promise;
      await connection.command('rollback');
    });
    await held.promise;
    const interrupted = doomed.run('fleet.reencrypt');
    interrupted.catch(() => undefined);
    try {
      await untilWaiting(owner);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'
      `.execute(owner);
      await expect(interrupted).rejects.toThrow(/terminat/);
    } finally {
      kill.resolve();
      await holding;
    }
    const moved = await countUnder(owner, before?.id);
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(runs.length); // it was midway

    // Everything is readable in this state, also by a replica that has seen none of it.
    const fresh = replicaWith(shared);
    for (const [n, run] of runs.entries()) {
      expect(await read(fresh, run)).toMatchObject({ payload: { n } });
    }
    for (let round = 0; round < 3; round += 1) await fresh.run('fleet.reencrypt');
    expect(await countUnder(owner, before?.id)).toBe(0);
    expect(await status(fresh)).toMatchObject({
      settled: true,
      keys: [{ state: 'active' }, { id: before?.id, state: 'retired' }],
    });
    for (const [n, run] of runs.entries()) {
      const seen = await read(fresh, run);
      expect(seen).toMatchObject({ payload: { n }, ...(n < 6 ? { output: { of: run } } : {}) });
    }
    const { rows } = await sql`
      select from project_key where id = ${before?.id} and wrapped is null
    `.execute(owner);
    expect(rows).toHaveLength(1);
    expect((await claim(replica, worker, 1)).map((lease) => openToken(lease))).toEqual([{ n: 6 }]);
  });

  test('waits for the worker that holds a key of before; its report counts (E2)', async ({
    replicaWith,
  }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const worker = await replica.worker();
    const run = await replica.submit({ payload: { n: 1 } });
    const [lease] = await claim(replica, worker);
    await rotate(replica);
    for (let round = 0; round < 3; round += 1) await replica.run('fleet.reencrypt');
    expect((await status(replica)).keys.map(({ state }) => state)).toEqual(['active', 'retiring']);
    expect(await replica.report(worker, sealedReport(lease, { done: 1 }))).toMatchObject({
      status: 200,
    });
    for (let round = 0; round < 3; round += 1) await replica.run('fleet.reencrypt');
    expect((await status(replica)).keys.map(({ state }) => state)).toEqual(['active', 'retired']);
    expect(await read(replica, run)).toMatchObject({ payload: { n: 1 }, output: { done: 1 } });
  });

  test('of one project leaves the others as they are', async ({ replicaWith, tenant, owner }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    await replica.submit({ payload: { n: 1 } });
    const projectId = await makeProject(owner, tenant.orgId);
    const other = replicaWith({ ...shared, tenant: { ...tenant, projectId } });
    await other.submit({ payload: { n: 2 } });
    expect(await rotate(replica, { project: tenant.projectId })).toMatchObject({
      body: { rotated: 1 },
    });
    const { keys } = await status(replica);
    expect(keys.map(({ state }) => state).toSorted()).toEqual(['active', 'active', 'retiring']);
  });

  test('on one replica is obeyed by another after its next look', async ({
    replicaWith,
    owner,
  }) => {
    const [one, two] = [replicaWith(shared), replicaWith(shared)];
    await two.submit(); // it has looked: nobody encrypts
    await enable(one);
    await two.run('fleet.content-keys');
    await two.submit({ payload: { CANARY } });
    expect(await tablesWith(owner, CANARY)).toEqual([]);
    await rotate(one);
    await two.run('fleet.content-keys');
    await two.submit({ payload: { CANARY } });
    const [active] = (await status(one)).keys;
    expect(await countUnder(owner, active?.id)).toBe(1);
  });
});

test('an organization that does not encrypt pays nothing for it (E5)', async ({
  replicaWith,
  db,
  dispatch,
}) => {
  const texts: string[] = [];
  const replica = replicaWith({ db: recording(db, texts), dispatch: recording(dispatch, texts) });
  const worker = await replica.worker();
  const cycle = async (): Promise<void> => {
    await replica.submit({ payload: { n: 1 } });
    for (const { run_id, epoch } of await replica.claim(worker)) {
      await replica.report(worker, { run_id, epoch, output: {} });
    }
  };
  await cycle(); // the first look
  const about = (): string[] =>
    texts.filter((text) =>
      /payload_encryption|organization_key|project_key|from run where/.test(text),
    );
  expect(about()).toHaveLength(1);
  for (let n = 0; n < 20; n += 1) await cycle();
  expect(about()).toHaveLength(1);
  expect(texts.filter((text) => text.includes('fleet_submit'))).toHaveLength(21);
});

/** The same database; notes the text of every statement. */
function recording(db: Db, texts: string[]): Db {
  const note = <Row>(statement: Statement<Row>): Statement<Row> => {
    texts.push(statement.compile().text);
    return statement;
  };
  return {
    ...db,
    run: (statement) => db.run(note(statement)),
    withConnection: (work) =>
      db.withConnection((connection) =>
        work({ ...connection, run: (statement) => connection.run(note(statement)) }),
      ),
  };
}

async function countUnder(owner: Executor, keyId: string | undefined): Promise<number> {
  const { rows } = await sql<{ rows: number }>`
    select count(*)::int as rows from run where content_key(payload::text) = ${keyId}::uuid
  `.execute(owner);
  return rows[0]?.rows ?? 0;
}

async function makeProject(owner: Executor, orgId: string) {
  const { rows } = await sql<{ id: typeof orgId & { readonly __id: 'project' } }>`
    insert into project (id, org_id, name)
    values (gen_random_uuid(), ${orgId}, 'another') returning id
  `.execute(owner);
  return rows[0]?.id as never;
}
