/** What goes wrong around the fleet: requests that come twice or late, liars, floods, clocks, a full pool. */
import { createSecretKey, randomUUID } from 'node:crypto';

import { type Db, sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import type { FixtureWorker, FleetFixture } from './fleet-fixture.ts';
import { fleetTest as test } from './fleet-test.ts';

const HEARTBEAT = '/api/v1/fleet/heartbeat';
const REGISTER = '/api/v1/fleet/register';

async function count(
  owner: Db,
): Promise<Record<'runs' | 'leases' | 'outcomes' | 'workers', number>> {
  const { rows } = await sql<{ runs: number; leases: number; outcomes: number; workers: number }>`
    select (select count(*)::int from run) as runs, (select count(*)::int from lease) as leases,
           (select count(*)::int from outcome) as outcomes, (select count(*)::int from worker) as workers
  `.execute(owner);
  if (rows[0] === undefined) throw new Error('nothing was counted');
  return rows[0];
}

function beat(
  replica: FleetFixture,
  worker: FixtureWorker,
  runs: readonly { run_id: string; epoch: number }[],
) {
  return replica.call('POST', HEARTBEAT, { as: worker.token, body: { runs } });
}

describe('requests that come twice, late, or in another order', () => {
  test('submissions, polls, reports and cancellations count once (F1, F2, F6)', async ({
    replica,
    owner,
  }) => {
    const worker = await replica.worker();
    const task = { idempotency_key: 'k' };
    const [first, again] = await Promise.all([replica.submit(task), replica.submit(task)]);
    expect(again).toBe(first);
    const poll = { poll_id: randomUUID(), slots: 5 };
    const [one, two] = await Promise.all([
      replica.claim(worker, poll),
      replica.claim(worker, poll),
    ]);
    // Of two that wait at once the older may be dismissed; whoever asks last is given the lease.
    expect([...one, ...two].length).toBeGreaterThan(0);
    const [lease] = await replica.claim(worker, poll);
    expect(lease?.run_id).toBe(first);

    const report = { run_id: first, epoch: lease?.epoch, output: { n: 1 } };
    const answers = await Promise.all([1, 2, 3].map(() => replica.report(worker, report)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ body }) => body['repeated'] === false)).toHaveLength(1);
    // A late answer to the poll of before says nothing that is over.
    expect(await replica.claim(worker, poll)).toEqual([]);
    const contrary = { ...report, status: 'failed', error: 'no' };
    expect((await replica.report(worker, contrary)).status).toBe(409);
    const cancel = `/api/v1/runs/${first}/cancel`;
    for (let time = 0; time < 2; time += 1) {
      expect((await replica.call('POST', cancel, { as: 'write' })).status).toBe(200);
    }
    expect(await replica.state(first)).toBe('completed');
    expect(await count(owner)).toMatchObject({ runs: 1, outcomes: 1 });
  });

  test('a heartbeat that was sent before a claim, and comes after it, takes nothing away', async ({
    replica,
  }) => {
    const worker = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    expect((await beat(replica, worker, [])).status).toBe(200);
    expect(await replica.state(run)).toBe('running');
    const report = { run_id: run, epoch: lease?.epoch, output: {} };
    expect((await replica.report(worker, report)).status).toBe(200);
  });

  test('what an older session says after a newer one was opened changes nothing (F1)', async ({
    replica,
    owner,
  }) => {
    const older = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(older);
    const as = { 'x-worker-id': older.id, 'x-worker-secret': older.secret };
    const opened = await replica.call('POST', '/api/v1/fleet/sessions', { as });
    expect(opened.status).toBe(201);
    const newer = { ...older, token: String(opened.body['token']) };
    const [again] = await replica.claim(newer);
    expect(again?.run_id).toBe(run);

    const report = { run_id: run, epoch: lease?.epoch, output: { of: 'older' } };
    expect((await replica.report(older, report)).status).toBeGreaterThanOrEqual(400);
    expect((await beat(replica, older, [])).status).toBeGreaterThanOrEqual(400);
    expect(await count(owner)).toMatchObject({ outcomes: 0 });
    const own = { run_id: run, epoch: again?.epoch, output: { of: 'newer' } };
    expect((await replica.report(newer, own)).status).toBe(200);
  });
});

describe('a worker that lies', () => {
  test('about its pool, models, labels or project is given what was recorded, and no more (F3)', async ({
    replica,
  }) => {
    const liar = await replica.worker({ models: ['small'], pool: 'cpu', labels: { tier: 'test' } });
    await replica.submit({ pool: 'gpu' });
    await replica.submit({ pool: 'cpu', model: 'large' });
    await replica.submit({ pool: 'cpu', labels: { tier: 'production' } });
    const said = {
      models: ['small', 'large'],
      pool: 'gpu',
      labels: { tier: 'production' },
      project: 'any',
      organization_id: randomUUID(),
      worker_id: randomUUID(),
    };
    expect(await replica.claim(liar, said)).toEqual([]);
    const own = await replica.submit({ pool: 'cpu', model: 'small', labels: { tier: 'test' } });
    expect((await replica.claim(liar, said)).map(({ run_id: id }) => id)).toEqual([own]);
  });

  test('about its leases neither ends nor keeps those of another (F1)', async ({
    replica,
    owner,
  }) => {
    const [honest, liar] = [await replica.worker(), await replica.worker()];
    const run = await replica.submit();
    const [lease] = await replica.claim(honest);
    const epoch = lease?.epoch ?? 0;
    const stolen = { run_id: run, epoch, output: { of: 'liar' } };
    expect((await replica.report(liar, stolen)).status).toBe(409);
    const released = { run_id: run, epoch, status: 'released' };
    expect((await replica.report(liar, released)).status).toBe(409);
    expect((await beat(replica, liar, [{ run_id: run, epoch }])).body['lost']).toEqual([run]);
    expect(await count(owner)).toMatchObject({ outcomes: 0 });
    expect((await replica.report(honest, { run_id: run, epoch, output: {} })).status).toBe(200);
  });
});

const HOSTILE = [
  `'; drop table run; --`,
  `") or true --`,
  '$1 %s %I {0} ${x}',
  '\\u0000\\x00\\',
  'a\u0000b',
  '\ud800',
  '\u202egnp.exe',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  'é'.normalize('NFD'),
  '💥'.repeat(40),
  'x'.repeat(5_000),
  ' ',
  'a\nb',
  '__proto__',
  'constructor',
  'toString',
];

test('hostile text in labels and models is text or refused, and matches only itself (F3)', async ({
  replica,
}) => {
  const key = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
    as: 'admin',
    body: { name: 'hostile' },
  });
  const as = { 'x-enrollment-key': String(key.body['key']) };
  const plain = await replica.worker({ models: ['plain'], labels: { plain: 'yes' } });
  // As a parsed text: `{__proto__: …}` in a program is no field.
  const labelled = (name: string, value: string): unknown =>
    JSON.parse(`{${JSON.stringify(name)}: ${JSON.stringify(value)}}`);
  for (const text of HOSTILE) {
    for (const demand of [
      { labels: labelled(text, 'v') },
      { labels: labelled('name', text) },
      { model: text },
    ]) {
      const { model, ...rest } = demand as { model?: string; labels?: unknown };
      const declared = { ...rest, models: model === undefined ? [] : [model] };
      const registered = await replica.call('POST', REGISTER, { as, body: declared });
      const submitted = await replica.call('POST', '/api/v1/fleet/tasks', {
        as: 'write',
        body: { payload: {}, ...demand },
      });
      for (const { status } of [registered, submitted]) {
        expect({ text, status }).toEqual({ text, status: status === 201 ? 201 : 400 });
      }
      expect({ text, given: await replica.claim(plain) }).toEqual({ text, given: [] });
      if (submitted.status !== 201 || registered.status !== 201) continue;
      const worker = { id: '', secret: '', token: String(registered.body['token']) };
      expect(await replica.claim(worker)).toMatchObject([{ run_id: submitted.body['run_id'] }]);
    }
  }
}, 60_000);

test('10,000 registrations from one address cost the database nothing beyond the few that are let in', async ({
  replicaWith,
  db,
  owner,
}) => {
  const replica = replicaWith({ settings: { registrationsPerSecond: 1, registrationBurst: 5 } });
  const key = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
    as: 'admin',
    body: { name: 'flood' },
  });
  const startedMs = performance.now();
  const statements = db.statementCount();
  const statuses = new Map<number, number>();
  for (let sent = 0; sent < 10_000; sent += 250) {
    const answers = await Promise.all(
      Array.from({ length: 250 }, () =>
        replica.app.inject({
          method: 'POST',
          url: REGISTER,
          headers: {
            'x-enrollment-key': String(key.body['key']),
            'content-type': 'application/json',
          },
          payload: '{"name":"w"}',
        }),
      ),
    );
    for (const { statusCode, headers } of answers) {
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      if (statusCode === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const letIn = statuses.get(201) ?? 0;
  expect(letIn).toBeGreaterThanOrEqual(5);
  expect(letIn).toBeLessThanOrEqual(10 + 2 * seconds);
  expect(statuses.get(429)).toBe(10_000 - letIn);
  expect(await count(owner)).toMatchObject({ workers: letIn });
  // The jobs of the replica ask too; 10,000 looks would show.
  expect(db.statementCount() - statements).toBeLessThan(letIn * 60 + 1_000);
}, 90_000);

test('a pool without a free connection answers 503 in time, stores nothing, and goes on after', async ({
  replicaWith,
  open,
  owner,
}) => {
  const db = open({ role: 'sagewai_request', maxConnections: 2, connectTimeoutMs: 400 });
  const replica = replicaWith({ db });
  const worker = await replica.worker();
  const first = await replica.submit();
  const release = Promise.withResolvers<void>();
  const bothTaken = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holders = bothTaken.map(({ resolve }) =>
    db.withConnection(async () => {
      resolve();
      await release.promise;
    }),
  );
  await Promise.all(bothTaken.map(({ promise }) => promise));
  const body = { payload: {} };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      replica.call('POST', '/api/v1/fleet/tasks', { as: 'write', body }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  release.resolve();
  await Promise.all(holders);

  expect(await count(owner)).toMatchObject({ runs: 1 });
  const second = await replica.submit();
  const leases = await replica.claim(worker);
  expect(leases.map(({ run_id: id }) => id).toSorted()).toEqual([first, second].toSorted());
});

test('a clock that jumps an hour ahead, and back, takes no lease away and gives nothing twice (F1)', async ({
  replicaWith,
  open,
  owner,
}) => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const replica = replicaWith({ key });
  const jumped = replicaWith({
    key,
    db: open({ role: 'sagewai_request', clockOffsetSeconds: 3_600 }),
    dispatch: open({ role: 'sagewai_dispatch', clockOffsetSeconds: 3_600 }),
  });
  const worker = await replica.worker();
  const other = await replica.worker();
  const run = await replica.submit();
  const later = await replica.submit({ delay_seconds: 1_800 });
  const [lease] = await replica.claim(worker);
  await replica.run('fleet.supervise');

  await jumped.run('fleet.supervise');
  await jumped.run('fleet.supervise');
  expect(await replica.state(run)).toBe('running');
  // What was put off is due by the clock of now.
  await jumped.run('fleet.release');
  await replica.run('fleet.supervise');
  await replica.run('fleet.supervise');
  expect(await replica.state(run)).toBe('running');
  const [due] = await jumped.claim(other);
  expect(due?.run_id).toBe(later);

  for (const [by, held] of [
    [worker, lease],
    [other, due],
  ] as const) {
    const report = { run_id: held?.run_id, epoch: held?.epoch, output: {} };
    expect((await replica.report(by, report)).status).toBe(200);
  }
  expect(await count(owner)).toMatchObject({ leases: 0, outcomes: 2 });
});
