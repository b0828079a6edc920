import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { registerCredential, mintRunToken } from '@sagewai/identity';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { makeKey, RUN_TOKEN_KEY, type RunningGateway, startGateway } from '../gateway-fixture.ts';
import { findLiveKey } from './keys.sql.ts';
import type { LeasePair, RunLeases } from './run-reader.ts';

/** The leases of a fleet that a test makes up: those that are alive, and what was asked. */
class Leases implements RunLeases {
  readonly alive = new Set<string>();
  readonly asked: (readonly LeasePair[])[] = [];
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();

  async areAlive(pairs: readonly LeasePair[]): Promise<boolean[]> {
    this.asked.push(pairs);
    await this.gate;
    return pairs.map(({ runId, epoch }) => this.alive.has(`${runId} ${epoch}`));
  }
}

interface World {
  readonly leases: Leases;
  readonly gateway: RunningGateway;
  readonly tenant: Tenant;
  readonly admin: (
    target: string,
    body?: object,
  ) => Promise<{ status: number; body: Record<string, unknown> }>;
}

const test = databaseTest.extend<World>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  leases: async ({}, use) => {
    await use(new Leases());
  },
  gateway: async ({ db, leases }, use) => {
    const gateway = await startGateway(db, { runLeases: leases });
    await use(gateway);
    await gateway.close();
  },
  tenant: async ({ db }, use) => {
    await use(await makeTenant(db));
  },
  admin: async ({ db, gateway, tenant }, use) => {
    const token = await makeToken(db, tenant, ['admin', 'read', 'write']);
    await use((target, body) => call(gateway, token, target, body));
  },
});

async function makeToken(
  db: Db,
  { orgId }: Tenant,
  scopes: readonly string[],
  projectId: string | null = null,
): Promise<string> {
  const value = mintToken('sat-');
  const id = newId();
  await inTenant(db, [orgId], async (tx) => {
    await sql`
      insert into access_token (id, org_id, project_id, name, scopes, created_by)
      values (${id}, ${orgId}, ${projectId}, 'test', ${scopes}, 'test')
    `.execute(tx);
    await registerCredential(tx, { hash: hashToken(value), kind: 'token', id, orgId });
  });
  return value;
}

async function call(gateway: RunningGateway, token: string, target: string, body?: object) {
  const [method = '', path = ''] = target.split(' ');
  const answer = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const ask = { model: 'simulated', messages: [{ role: 'user', content: 'hi' }] };

describe('a key', () => {
  test('is shown once, works, and is nowhere in the database', async ({
    admin,
    gateway,
    owner,
    tenant,
  }) => {
    const made = await admin('POST /api/v1/keys', {
      name: 'coding',
      models: ['simulated'],
      budget: { usd_per_day: '1.5', cap: false },
      tokens_per_minute: 10_000,
    });
    expect(made.status).toBe(201);
    const { key, ...shown } = made.body;
    expect(shown).toMatchObject({
      name: 'coding',
      project_id: tenant.projectId,
      models: ['simulated'],
      budget: { usd_per_day: '1.5', cap: false },
      tokens_per_minute: 10_000,
      requests_per_minute: null,
      revoked_at: null,
    });
    expect(shown['hint']).toBe(`sk-…${String(key).slice(-4)}`);
    expect((await gateway.chat(String(key), { ...ask, max_tokens: 5 })).status).toBe(200);
    expect((await admin(`GET /api/v1/keys/${String(shown['id'])}`)).body).toEqual(shown);
    expect((await admin('GET /api/v1/keys')).body).toEqual({ keys: [shown], next_cursor: null });
    const { rows } = await sql<{ text: string }>`
      select string_agg(k::text, '') as text from (
        select v::text as k from virtual_key v union all select c::text from credential c
        union all select e::text from audit_entry e
      ) all_rows
    `.execute(owner);
    expect(rows[0]?.text).not.toContain(String(key).slice(3));
  });

  test('is limited from the next call on, and again without limit', async ({ admin, gateway }) => {
    const { body } = await admin('POST /api/v1/keys', { name: 'k' });
    const key = String(body['key']);
    expect((await gateway.chat(key, ask)).status).toBe(200);
    const path = `PATCH /api/v1/keys/${String(body['id'])}`;
    const changed = await admin(path, { requests_per_minute: 1, budget: { cap: false } });
    expect(changed.body).toMatchObject({
      requests_per_minute: 1,
      budget: { usd_per_day: null, cap: false },
    });
    expect((await gateway.chat(key, ask)).status).toBe(429);
    await admin(path, { requests_per_minute: null });
    expect((await gateway.chat(key, ask)).status).toBe(200);
  });

  test('is refused at once when it is blocked or revoked, and stays revoked', async ({
    admin,
    gateway,
    owner,
  }) => {
    const { body } = await admin('POST /api/v1/keys', { name: 'k' });
    const key = String(body['key']);
    const path = `/api/v1/keys/${String(body['id'])}`;
    expect((await gateway.chat(key, ask)).status).toBe(200);
    await admin(`PATCH ${path}`, { blocked: true });
    expect((await gateway.chat(key, ask)).status).toBe(401);
    await admin(`PATCH ${path}`, { blocked: false });
    expect((await gateway.chat(key, ask)).status).toBe(200);
    const revoked = await admin(`POST ${path}/revoke`);
    expect(revoked.body['revoked_at']).not.toBeNull();
    expect((await gateway.chat(key, ask)).status).toBe(401);
    expect((await admin(`PATCH ${path}`, { blocked: false })).status).toBe(404);
    expect((await admin(`POST ${path}/revoke`)).body).toEqual(revoked.body);
    const { rows } = await sql`select from credential where kind = 'key'`.execute(owner);
    expect(rows).toEqual([]);
  });

  test('is out of reach of other organizations, other projects, and readers', async ({
    admin,
    gateway,
    db,
    tenant,
  }) => {
    const { body } = await admin('POST /api/v1/keys', { name: 'k' });
    const target = `/api/v1/keys/${String(body['id'])}`;
    const stranger = await makeToken(db, await makeTenant(db), ['admin', 'read', 'write']);
    expect((await call(gateway, stranger, `GET ${target}`)).status).toBe(404);
    expect((await call(gateway, stranger, `POST ${target}/revoke`)).status).toBe(404);
    expect((await call(gateway, stranger, 'GET /api/v1/keys')).body['keys']).toEqual([]);
    const reader = await makeToken(db, tenant, ['read']);
    expect((await call(gateway, reader, `GET ${target}`)).status).toBe(200);
    expect((await call(gateway, reader, `POST ${target}/revoke`)).status).toBe(403);
    const project = newId();
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`insert into project (id, org_id, name) values (${project}, ${tenant.orgId}, 'other')`.execute(
        tx,
      ),
    );
    const bound = await makeToken(db, tenant, ['admin', 'read', 'write'], project);
    expect((await call(gateway, bound, `GET ${target}`)).status).toBe(404);
    expect((await call(gateway, bound, `PATCH ${target}`, { blocked: true })).status).toBe(404);
  });

  test('is in the audit log from its creation to its end, without its value', async ({
    admin,
    owner,
  }) => {
    const { body } = await admin('POST /api/v1/keys', { name: 'k', budget: { usd_per_day: '2' } });
    await admin(`POST /api/v1/keys/${String(body['id'])}/revoke`);
    const { rows } = await sql<{ action: string; subject: string; details: string }>`
      select action, subject, details::text from audit_entry where action like 'gateway.%' order by seq
    `.execute(owner);
    expect(rows.map(({ action, subject }) => [action, subject])).toEqual([
      ['gateway.createKey', `key:${String(body['id'])}`],
      ['gateway.revokeKey', `key:${String(body['id'])}`],
    ]);
    expect(rows[0]?.details).toMatch(/"usd_per_day": ?"2"/);
  });

  test('that expired is refused, by the clock of the database', async ({
    db,
    tenant,
    gateway,
    owner,
  }) => {
    const key = await makeKey(db, tenant, { expiresInSeconds: 3_600 });
    await sql`
      update virtual_key set created_at = created_at - interval '2 hours', expires_at = app_now() - interval '1 second'
    `.execute(owner);
    const answer = await gateway.chat(key.value, ask);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      error: { code: 'invalid_api_key', message: 'The API key has expired.' },
    });
  });

  test('is found by its whole hash and only while it is not revoked', async ({
    db,
    tenant,
    owner,
  }) => {
    const key = await makeKey(db, tenant);
    expect(await findLiveKey(db, hashToken(key.value))).toMatchObject({
      id: key.id,
      orgId: tenant.orgId,
    });
    expect(await findLiveKey(db, hashToken(`${key.value}x`))).toBeNull();
    await sql`update virtual_key set revoked_at = app_now()`.execute(owner);
    expect(await findLiveKey(db, hashToken(key.value))).toBeNull();
  });

  test('of another kind that begins alike is nobody here', async ({ gateway }) => {
    expect((await gateway.chat('sk-fleet-abc', ask)).status).toBe(401);
  });

  test('is paged through', async ({ admin }) => {
    for (const name of ['a', 'b', 'c']) await admin('POST /api/v1/keys', { name });
    const first = await admin('GET /api/v1/keys?limit=2');
    const names = (body: Record<string, unknown>): unknown[] =>
      (body['keys'] as { name: string }[]).map(({ name }) => name);
    expect(names(first.body)).toEqual(['a', 'b']);
    const second = await admin(
      `GET /api/v1/keys?limit=2&cursor=${String(first.body['next_cursor'])}`,
    );
    expect(names(second.body)).toEqual(['c']);
    expect(second.body['next_cursor']).toBeNull();
  });
});

describe('a run token', () => {
  const mint = (
    tenant: Tenant,
    of: { epoch?: number; models?: string[]; expiresAt?: Date } = {},
  ) => {
    const runId = newId<RunId>();
    const { epoch = 3, models = [], expiresAt = new Date(Date.now() + 60_000) } = of;
    const claims = {
      runId,
      epoch,
      orgId: tenant.orgId,
      projectId: tenant.projectId,
      models,
      expiresAt,
    };
    return { runId, token: mintRunToken(RUN_TOKEN_KEY, claims) };
  };

  test('calls models for its run, while its lease lives and not longer', async ({
    gateway,
    leases,
    tenant,
    owner,
  }) => {
    const { runId, token } = mint(tenant);
    leases.alive.add(`${runId} 3`);
    expect((await gateway.chat(token, ask)).status).toBe(200);
    const { rows } = await sql<{ run: string; key: string | null }>`
      select run_id as run, key_id as key from spend
    `.execute(owner);
    expect(rows).toEqual([{ run: runId, key: null }]);
    leases.alive.clear();
    await expect
      .poll(async () => (await gateway.chat(token, ask)).status, { timeout: 2_500 })
      .toBe(401);
  });

  test('of a lease that is over, expired, forged, or for other models is refused', async ({
    gateway,
    leases,
    tenant,
  }) => {
    expect((await gateway.chat(mint(tenant).token, ask)).status).toBe(401);
    const late = mint(tenant, { expiresAt: new Date(Date.now() - 1_000) });
    leases.alive.add(`${late.runId} 3`);
    expect((await gateway.chat(late.token, ask)).status).toBe(401);
    const { token, runId } = mint(tenant);
    leases.alive.add(`${runId} 3`);
    expect((await gateway.chat(`${token.slice(0, -2)}xx`, ask)).status).toBe(401);
    const narrow = mint(tenant, { models: ['simulated-large'] });
    leases.alive.add(`${narrow.runId} 3`);
    expect((await gateway.chat(narrow.token, ask)).status).toBe(403);
  });

  test('is asked about together with others, and remembered', async ({
    gateway,
    leases,
    tenant,
  }) => {
    const tokens = Array.from({ length: 8 }, () => mint(tenant));
    for (const { runId } of tokens) leases.alive.add(`${runId} 3`);
    const gate = Promise.withResolvers<void>();
    leases.gate = gate.promise;
    const answers = tokens.map(({ token }) => gateway.chat(token, ask));
    await expect.poll(() => gateway.app.inFlight()).toBe(8);
    gate.resolve();
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
    expect(leases.asked.map((pairs) => pairs.length)).toEqual([1, 7]);
    for (const { token } of tokens) expect((await gateway.chat(token, ask)).status).toBe(200);
  });
});
