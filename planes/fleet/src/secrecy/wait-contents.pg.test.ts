import { createSecretKey, randomBytes } from 'node:crypto';

import { type Executor, sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import type { FleetFixture, FixtureLease } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const CANARY = 'canary-71ab-of-what-nobody-may-read';
const shared = {
  settings: { contentKeyGraceMs: 0, reencryptBatch: 4 },
  key: createSecretKey(randomBytes(32)),
};

const enable = (replica: FleetFixture) =>
  replica.call('POST', '/api/v1/fleet/encryption/enable', { as: 'admin' });
const rotate = (replica: FleetFixture) =>
  replica.call('POST', '/api/v1/fleet/encryption/rotate', { as: 'admin', body: {} });
const keyStates = async (replica: FleetFixture): Promise<string[]> => {
  const { body } = await replica.call('GET', '/api/v1/fleet/encryption', { as: 'read' });
  return (body['keys'] as { state: string }[]).map(({ state }) => state);
};

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

const makeSchedule = (replica: FleetFixture, name: string) =>
  replica.call('POST', '/api/v1/schedules', {
    as: 'write',
    body: { name, cron: '0 0 1 1 *', submission: { payload: { ask: CANARY }, priority: 3 } },
  });

const submissionOf = async (replica: FleetFixture, name: string): Promise<unknown> =>
  (await replica.call('GET', `/api/v1/schedules/${name}`, { as: 'read' })).body['submission'];

/** Claims the run, and has it wait. */
async function beginWait(replica: FleetFixture, run: string, of: Record<string, unknown>) {
  const worker = await replica.worker();
  const [lease] = (await replica.claim(worker, { slots: 1 })) as [FixtureLease];
  const begun = await replica.call('POST', `/api/v1/fleet/runs/${run}/wait`, {
    as: worker.token,
    body: { epoch: lease.epoch, name: 'go', ...of },
  });
  return { worker, begun, lease };
}

test('what waits ask and are answered stands under a key, and is read by those who may (E1)', async ({
  replicaWith,
  owner,
}) => {
  const replica = replicaWith(shared);
  await enable(replica);
  const asking = await replica.submit();
  const { worker, begun } = await beginWait(replica, asking, { for: 'approval', prompt: CANARY });
  expect(begun.status).toBe(200);
  const { body } = await replica.call('GET', `/api/v1/runs/${asking}`, { as: 'read' });
  expect(body['waiting']).toMatchObject({ prompt: CANARY });
  const value = { said: CANARY, zero: '\u0000' };
  const approve = { as: 'write', body: { value } };
  const approved = await replica.call('POST', `/api/v1/runs/${asking}/approve`, approve);
  expect(approved.status).toBe(200);
  expect(await tablesWith(owner, CANARY)).toEqual([]);
  const [again] = await replica.claim(worker, { slots: 1 });
  expect(again).toMatchObject({ run_id: asking, resume: { kind: 'approved', value } });

  // A signal that comes before anybody waits for it is kept.
  const signal = { as: 'write', body: { name: 'go', value: CANARY } };
  const kept = await replica.call('POST', `/api/v1/runs/${asking}/signal`, signal);
  expect(kept.body).toMatchObject({ resumed: false });
  expect(await tablesWith(owner, CANARY)).toEqual([]);
  await replica.call('POST', `/api/v1/fleet/runs/${asking}/wait`, {
    as: worker.token,
    body: { epoch: again?.epoch, for: 'signal', name: 'go' },
  });
  const [third] = await replica.claim(worker, { slots: 1 });
  expect(third).toMatchObject({ resume: { kind: 'signal', name: 'go', value: CANARY } });
  expect(await tablesWith(owner, CANARY)).toEqual([]);
});

test('what looks encrypted is not taken for it (E4)', async ({ replicaWith }) => {
  const replica = replicaWith(shared);
  await enable(replica);
  const run = await replica.submit();
  const fake = `enc1.0199bbbb-0000-7000-8000-000000000001.gAAAAx`;
  const { begun } = await beginWait(replica, run, { for: 'approval', prompt: fake });
  expect(begun).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  const signal = { as: 'write', body: { name: 'go', value: fake } };
  const sent = await replica.call('POST', `/api/v1/runs/${run}/signal`, signal);
  expect(sent).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
});

test('what a schedule submits stands under a key, is read, changed and submitted (E1)', async ({
  replicaWith,
  owner,
}) => {
  const replica = replicaWith(shared);
  await enable(replica);
  const made = await makeSchedule(replica, 'nightly');
  expect(made.body['submission']).toEqual({ payload: { ask: CANARY }, priority: 3 });
  expect(await submissionOf(replica, 'nightly')).toEqual({ payload: { ask: CANARY }, priority: 3 });
  await replica.call('PATCH', '/api/v1/schedules/nightly', {
    as: 'write',
    body: { cron: '1 1 1 1 *' },
  });
  const { body } = await replica.call('GET', '/api/v1/schedules', { as: 'read' });
  expect(JSON.stringify(body)).toContain(CANARY);
  const fired = await replica.call('POST', '/api/v1/schedules/nightly/trigger', { as: 'write' });
  const run = await replica.call('GET', `/api/v1/runs/${String(fired.body['run_id'])}`, {
    as: 'read',
  });
  expect(run.body['payload']).toEqual({ ask: CANARY });
  expect(await tablesWith(owner, CANARY)).toEqual([]);
});

test('a schedule of before is encrypted when encryption is switched on, and moved when keys are', async ({
  replicaWith,
  owner,
}) => {
  const replica = replicaWith(shared);
  await makeSchedule(replica, 'old');
  expect(await tablesWith(owner, CANARY)).toEqual(['schedule']);
  await enable(replica);
  await replica.run('fleet.reencrypt');
  expect(await tablesWith(owner, CANARY)).toEqual([]);
  await rotate(replica);
  // The first round notes that nothing is left, the second retires.
  for (let round = 0; round < 3; round += 1) await replica.run('fleet.reencrypt');
  expect(await keyStates(replica)).toEqual(['active', 'retired']);
  expect(await submissionOf(replica, 'old')).toEqual({ payload: { ask: CANARY }, priority: 3 });
});

test.for(['prompt', 'answer', 'signal'] as const)(
  'a key is not retired while a %s of a wait stands under it (E2)',
  async (what, { replicaWith, owner }) => {
    const replica = replicaWith(shared);
    await enable(replica);
    const run = await replica.submit();
    const prompt = what === 'prompt' ? { prompt: CANARY } : {};
    await beginWait(replica, run, { for: 'approval', ...prompt });
    const sent = { as: 'write', body: { name: 'later', value: CANARY } };
    if (what === 'signal') await replica.call('POST', `/api/v1/runs/${run}/signal`, sent);
    const answer = { as: 'write', body: what === 'answer' ? { value: CANARY } : {} };
    await replica.call('POST', `/api/v1/runs/${run}/approve`, answer);
    await rotate(replica);
    const settle = async (): Promise<string[]> => {
      for (let round = 0; round < 3; round += 1) await replica.run('fleet.reencrypt');
      return keyStates(replica);
    };
    expect(await settle()).toEqual(['active', 'retiring']);
    await sql`delete from run_signal`.execute(owner);
    await sql`update run_wait set prompt = null, resume = null`.execute(owner);
    expect(await settle()).toEqual(['active', 'retired']);
  },
);
