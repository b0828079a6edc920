import { sql } from '@sagewai/postgres';
import type { Db } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { ask, curlAs, litellmTest as test, makeToken, sha256 } from '../litellm/fixture.sql.ts';

async function makeAllDue(owner: Db): Promise<void> {
  await sql`update key_rotation set rotates_at = app_now()`.execute(owner);
  await sql`update key_rotation_due set due_at = app_now()`.execute(owner);
}

const endOverlap = (owner: Db) =>
  sql`update key_rotation set former_until = app_now()`.execute(owner);

describe('a key that rotates by itself', () => {
  const ROTATES = { auto_rotate: true, rotation_interval: '30d', key_alias: 'ci' };

  test('V1, V2: gets a value that is told once; the former one is good beside it, and no longer', async ({
    curl,
    db,
    gateway,
    owner,
    tenant,
  }) => {
    const made = (await curl('POST /key/generate', ROTATES)).body;
    expect(made).toMatchObject({
      auto_rotate: true,
      rotation_interval: '30d',
      last_rotation_at: null,
      rotation_count: 0,
      new_value_waits: false,
    });
    const inDays = (Date.parse(made.key_rotation_at) - Date.now()) / 86_400_000;
    expect(Math.round(inDays)).toBe(30);
    await gateway.runJob('gateway.rotateKeys');
    expect((await curl(`GET /key/info?key=${made.token}`)).body.info.rotation_count).toBe(0);
    expect((await curl(`POST /key/${made.token}/collect`)).status).toBe(404);

    await makeAllDue(owner);
    await gateway.runJob('gateway.rotateKeys');
    await gateway.runJob('gateway.rotateKeys');
    const own = await curlAs(gateway, made.key)('GET /key/info');
    expect(own.body.info).toMatchObject({
      rotation_count: 1,
      new_value_waits: true,
      key_alias: 'ci',
      former_value_until: expect.any(String),
    });
    expect((await gateway.chat(made.key, ask)).status).toBe(200);

    const { token } = own.body.info;
    expect(token).not.toBe(made.token);
    // The former value tells nobody the new one; nor does a token that may only read.
    expect((await curlAs(gateway, made.key)(`POST /key/${token}/collect`)).status).toBe(403);
    const reader = curlAs(gateway, await makeToken(db, tenant, ['read']));
    expect((await reader(`POST /key/${token}/collect`)).status).toBe(403);

    const told = await curl(`POST /key/${token}/collect`);
    expect(told.headers.get('cache-control')).toBe('no-store');
    expect(sha256(told.body.key)).toBe(token);
    expect(told.body).toMatchObject({ new_value_waits: false, token });
    expect((await curl(`POST /key/${token}/collect`)).status).toBe(404);
    expect((await gateway.chat(told.body.key, ask)).status).toBe(200);

    await endOverlap(owner);
    await expect
      .poll(async () => (await gateway.chat(made.key, ask)).status, { timeout: 3_000 })
      .toBe(401);
    expect((await gateway.chat(told.body.key, ask)).status).toBe(200);
    const { rows } = await sql<{ action: string; details: string }>`
      select action, details::text from audit_entry where action in ('key.rotated', 'litellm.collectKey')
      order by seq
    `.execute(owner);
    expect(rows.filter(({ action }) => action === 'key.rotated')).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(told.body.key);
    const { rows: kept } = await sql`select sealed from key_rotation`.execute(owner);
    expect(kept).toEqual([{ sealed: null }]);
  });

  test('stands sealed until then, out of reach of others', async ({ curl, db, gateway, owner }) => {
    const made = (await curl('POST /key/generate', ROTATES)).body;
    await makeAllDue(owner);
    await gateway.runJob('gateway.rotateKeys');
    const { rows } = await sql<{ sealed: string }>`select sealed from key_rotation`.execute(owner);
    const { token } = (await curlAs(gateway, made.key)('GET /key/info')).body.info;
    const { key } = (await curl(`POST /key/${token}/collect`)).body;
    expect(rows[0]?.sealed).not.toContain(key.slice(3));
    await makeAllDue(owner);
    await gateway.runJob('gateway.rotateKeys');
    const next = (await curlAs(gateway, key)('GET /key/info')).body.info.token;
    const stranger = curlAs(gateway, await makeToken(db, await makeTenant(db), ['admin']));
    expect((await stranger(`POST /key/${next}/collect`)).status).toBe(404);
  });

  test('revoked, has no value left, and rotates no more', async ({
    curl,
    gateway,
    owner,
    tenant,
  }) => {
    const made = (await curl('POST /key/generate', ROTATES)).body;
    await makeAllDue(owner);
    await gateway.runJob('gateway.rotateKeys');
    const { token } = (await curlAs(gateway, made.key)('GET /key/info')).body.info;
    await curl('POST /key/delete', { keys: [token] });
    expect((await gateway.chat(made.key, ask)).status).toBe(401);
    const { rows } = await sql`
      select (select count(*)::int from credential where kind in ('key', 'former-key')) as values,
             (select count(*)::int from key_rotation_due where org_id = ${tenant.orgId}) as due
    `.execute(owner);
    expect(rows).toEqual([{ values: 0, due: 0 }]);
  });

  test('is told to, later, and not to any more', async ({ curl, gateway, owner }) => {
    const made = (await curl('POST /key/generate', {})).body;
    expect(made).toMatchObject({ auto_rotate: false, rotation_interval: null });
    const change = (said: object) => curl('POST /key/update', { key: made.key, ...said });
    expect((await change({ auto_rotate: true })).status).toBe(400);
    const hourly = await change({ auto_rotate: true, rotation_interval: '1h' });
    expect(hourly.body).toMatchObject({ auto_rotate: true, rotation_interval: '1h' });
    expect((await change({ rotation_interval: '7d' })).body.rotation_interval).toBe('7d');
    expect((await change({ auto_rotate: false })).body).toMatchObject({
      auto_rotate: false,
      rotation_interval: null,
      key_rotation_at: null,
    });
    await makeAllDue(owner).catch(() => undefined);
    await gateway.runJob('gateway.rotateKeys');
    expect((await curl(`GET /key/info?key=${made.token}`)).body.info.rotation_count).toBe(0);
  });
});

test('V1: a key that is regenerated with a grace period has two values until then', async ({
  curl,
  gateway,
  owner,
}) => {
  const made = (await curl('POST /key/generate', {})).body;
  const second = (await curl(`POST /key/${made.token}/regenerate`, { grace_period: '24h' })).body;
  expect(second).toMatchObject({ new_value_waits: false, rotation_count: 1 });
  expect((await gateway.chat(made.key, ask)).status).toBe(200);
  expect((await gateway.chat(second.key, ask)).status).toBe(200);
  // Only the last one before is good: the first is gone with the next.
  const third = (await curl(`POST /key/${second.token}/regenerate`, { grace_period: '24h' })).body;
  expect((await gateway.chat(made.key, ask)).status).toBe(401);
  expect((await gateway.chat(second.key, ask)).status).toBe(200);
  await endOverlap(owner);
  await expect
    .poll(async () => (await gateway.chat(second.key, ask)).status, { timeout: 3_000 })
    .toBe(401);
  expect((await gateway.chat(third.key, ask)).status).toBe(200);
  expect((await curl(`POST /key/${third.token}/regenerate`, { grace_period: 'x' })).status).toBe(
    400,
  );
});
