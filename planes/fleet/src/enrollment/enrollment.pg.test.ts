import { sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import { type Answer, type FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const REGISTER = '/api/v1/fleet/register';
const KEYS = '/api/v1/fleet/enrollment-keys';

async function makeKey(replica: FleetFixture, limits: object = {}) {
  const { status, body } = await replica.call('POST', KEYS, {
    as: 'admin',
    body: { name: 'k', ...limits },
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { id: String(body['id']), key: String(body['key']) };
}

const register = (replica: FleetFixture, key: string, body: object = {}): Promise<Answer> =>
  replica.call('POST', REGISTER, { as: { 'x-enrollment-key': key }, body });

test('labels above the ceiling of a key make a worker pending, with the reason', async ({
  replica,
}) => {
  const { key } = await makeKey(replica, { allowed_labels: ['region=eu', 'tier=*'] });
  const ask = (labels: object) => register(replica, key, { labels });
  expect((await ask({ region: 'eu', tier: 'x' })).body).toMatchObject({ status: 'approved' });
  expect((await ask({ region: 'us' })).body).toMatchObject({
    status: 'pending',
    reason: 'the enrollment key does not allow the labels region=us',
  });
  const { body } = await replica.call('GET', KEYS, { as: 'admin' });
  expect(body).toMatchObject({
    keys: [{ current_uses: 1, allowed_labels: ['region=eu', 'tier=*'] }],
  });
});

test('a key is refused from an address outside its ranges, and takes no use there', async ({
  replica,
}) => {
  const { key } = await makeKey(replica, { allowed_cidrs: ['10.0.0.0/8', '2001:db8::/32'] });
  const from = async (address: string) => {
    const answer = await replica.app.inject({
      method: 'POST',
      url: REGISTER,
      remoteAddress: address,
      headers: { 'x-enrollment-key': key, 'content-type': 'application/json' },
      payload: '{}',
    });
    return answer.statusCode;
  };
  expect(await from('10.1.2.3')).toBe(201);
  expect(await from('2001:db8::5')).toBe(201);
  expect(await from('192.0.2.1')).toBe(401);
  const spoofed = await replica.call('POST', REGISTER, {
    as: { 'x-enrollment-key': key, 'x-forwarded-for': '10.1.2.3' },
    body: {},
  });
  expect(spoofed).toMatchObject({
    status: 401,
    body: { detail: 'Invalid enrollment key: it may not be used from 127.0.0.1' },
  });
  const { body } = await replica.call('GET', KEYS, { as: 'admin' });
  expect(body).toMatchObject({ keys: [{ current_uses: 2 }] });
  expect(
    await replica.call('POST', KEYS, {
      as: 'admin',
      body: { name: 'k', allowed_cidrs: ['10.0.0.0/33'] },
    }),
  ).toMatchObject({ status: 400, body: { detail: expect.stringContaining('10.0.0.0/33') } });
});

test('a key that leaves the approval to a person takes a use, and its worker waits', async ({
  replica,
}) => {
  const { key } = await makeKey(replica, { auto_approve: false, single_use: true });
  const { body } = await register(replica, key);
  expect(body).toMatchObject({ status: 'pending', reason: expect.stringContaining('a person') });
  expect(await register(replica, key)).toMatchObject({
    status: 401,
    body: { detail: expect.stringContaining('used up') },
  });
  const approve = `/api/v1/fleet/workers/${String(body['worker_id'])}/approve`;
  expect((await replica.call('POST', approve, { as: 'admin', body: {} })).body).toMatchObject({
    status: 'approved',
  });
  expect(
    (
      await replica.call('POST', KEYS, {
        as: 'admin',
        body: { name: 'k', single_use: true, max_uses: 2 },
      })
    ).status,
  ).toBe(400);
});

test('a rotated key has a new value at once, and its old one until the overlap ends', async ({
  replica,
  owner,
}) => {
  const { id, key } = await makeKey(replica);
  const rotate = async (body: object) =>
    (await replica.call('POST', `${KEYS}/${id}/rotate`, { as: 'admin', body })).body;
  const first = await rotate({ overlap_seconds: 3_600 });
  expect(first).toMatchObject({ id, key: expect.stringMatching(/^sk-fleet-/) });
  expect(first['overlap_until']).not.toBeNull();
  const statuses = async () => [
    (await register(replica, key)).status,
    (await register(replica, String(first['key']))).status,
  ];
  expect(await statuses()).toEqual([201, 201]);
  await sql`update replaced_enrollment_secret set ends_at = app_now()`.execute(owner);
  expect(await statuses()).toEqual([401, 201]);
  await rotate({});
  expect(await statuses()).toEqual([401, 401]);
  await replica.call('DELETE', `${KEYS}/${id}`, { as: 'admin' });
  expect(
    (await replica.call('POST', `${KEYS}/${id}/rotate`, { as: 'admin', body: {} })).status,
  ).toBe(404);
});

test('a key that is rotated again ends the values that still had time', async ({ replica }) => {
  const { id, key } = await makeKey(replica);
  const rotate = async (body: object) =>
    (await replica.call('POST', `${KEYS}/${id}/rotate`, { as: 'admin', body })).body;
  const first = await rotate({ overlap_seconds: 3_600 });
  expect((await register(replica, key)).status).toBe(201);
  const second = await rotate({});
  expect(second).toMatchObject({ overlap_until: null });
  const values = [key, String(first['key']), String(second['key'])];
  const statuses = await Promise.all(
    values.map(async (value) => (await register(replica, value)).status),
  );
  expect(statuses).toEqual([401, 401, 201]);
});

test('every use of a key is in the audit log, refused ones too', async ({ replica, owner }) => {
  const { id, key } = await makeKey(replica, { max_uses: 1 });
  await register(replica, key);
  await register(replica, key);
  const { rows } = await sql<object>`
    select actor, subject, outcome, details::jsonb as details from audit_entry
    where action = 'enrollment_key.used' order by seq
  `.execute(owner);
  const use = { actor: `enrollment:${id}`, subject: `enrollment:${id}` };
  expect(rows).toMatchObject([
    { ...use, outcome: 'ok', details: { address: '127.0.0.1', state: 'approved' } },
    {
      ...use,
      outcome: 'enrollment.invalid',
      details: { address: '127.0.0.1', reason: expect.stringContaining('used up') },
    },
  ]);
});

test('fifty registrations from one address: a burst is taken, the others are told when', async ({
  replicaWith,
}) => {
  const replica = replicaWith({ settings: { registrationBurst: 5, registrationsPerSecond: 1 } });
  const { key } = await makeKey(replica);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      replica.app.inject({ method: 'POST', url: REGISTER, headers: { 'x-enrollment-key': key } }),
    ),
  );
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  expect(refused.length).toBe(45);
  const seconds = refused.map(({ headers }) => Number(headers['retry-after']));
  expect(Math.min(...seconds)).toBe(1);
  expect(new Set(seconds).size).toBeGreaterThan(30);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(45);
});

test("an organization's own rate counts once its key is known", async ({ replicaWith }) => {
  const replica = replicaWith({
    settings: { registrationBurst: 1, registrationsPerSecond: 0.001 },
  });
  await replica.call('PUT', '/api/v1/fleet/settings', {
    as: 'admin',
    body: { registrations_per_second: 1_000 },
  });
  const { key } = await makeKey(replica);
  const statuses = [];
  for (let n = 0; n < 5; n++) statuses.push((await register(replica, key)).status);
  expect(statuses).toEqual([201, 201, 201, 201, 201]);
  expect((await register(replica, 'sk-fleet-stranger')).status).toBe(429);
});
