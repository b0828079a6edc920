import { systemClock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import {
  type App,
  type Caller,
  createApp,
  createAuthenticator,
  implement,
  type Scope,
} from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import { type ChainEntry, endpoint, type OrganizationId, PLATFORM_CHAIN } from '@sagewai/wire';
import { Type } from 'typebox';
import { describe, expect } from 'vitest';

import { createAuditor } from './auditor.ts';
import { digestBatch } from './batch.ts';
import { appendAll, appendAudit, readEntries, readHead } from './entries.sql.ts';
import { recordBatch, recordBatches } from './record-batch.ts';
import { trustRoutes } from './routes.ts';

const changeName = endpoint({
  id: 'test.changeName',
  method: 'POST',
  path: '/api/v1/names/{name}',
  surface: 'own',
  summary: 'A change, so that there is something to record',
  permission: 'project:write',
  audit: 'record',
  params: Type.Object({ name: Type.String() }),
  output: Type.Object({ name: Type.String() }),
});

/** `Bearer <scope>` speaks for the organization. */
function appOf(db: Db, orgId: OrganizationId | null): App {
  const callerOf = (scope: string): Caller => ({
    kind: 'token',
    id: `id-of-${scope}`,
    name: scope,
    orgId,
    projectId: null,
    scopes: new Set([scope as Scope]),
  });
  return createApp({
    routes: [
      ...trustRoutes({ db }),
      implement(changeName, async ({ tx, params, audit }) => {
        await sql`select 1`.execute(tx);
        audit.about(`name:${params.name}`, { before: 'x' });
        if (params.name === 'taken') throw new Fault('resource.exists', 'taken');
        return { name: params.name };
      }),
    ],
    authenticate: createAuthenticator([
      {
        read: ({ headers }) => {
          const scope = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1];
          return scope === undefined ? null : callerOf(scope);
        },
      },
    ]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics(),
  });
}

const chainOf = (db: Db, orgId: OrganizationId): Promise<ChainEntry[]> =>
  inTenant(db, [orgId], (tx) => readEntries(tx, { orgId, order: 'oldest', limit: 1000 }));

const bearer = (scope: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${scope}` },
});

describe('the pipeline records', () => {
  test('a success in the transaction of its change (T5)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const app = appOf(db, orgId);
    await app.inject({ method: 'POST', url: '/api/v1/names/new', ...bearer('admin') });
    expect(await chainOf(db, orgId)).toMatchObject([
      {
        seq: 1,
        actor: 'token:id-of-admin',
        action: 'test.changeName',
        subject: 'name:new',
        outcome: 'ok',
        details: '{"before":"x","actor_name":"admin"}',
      },
    ]);
  });

  test('a refusal, with its reason, to the chain of the caller', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const app = appOf(db, orgId);
    await app.inject({ method: 'POST', url: '/api/v1/names/a', ...bearer('read') });
    await app.inject({ method: 'POST', url: '/api/v1/names/taken', ...bearer('admin') });
    expect(await chainOf(db, orgId)).toMatchObject([
      { actor: 'token:id-of-read', outcome: 'caller.forbidden' },
      { actor: 'token:id-of-admin', outcome: 'resource.exists' },
    ]);
  });

  test("a stranger's refusal to the chain of the platform", async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await appOf(db, orgId).inject({ method: 'POST', url: '/api/v1/names/a' });
    expect(await chainOf(db, orgId)).toEqual([]);
    expect(await chainOf(db, PLATFORM_CHAIN)).toMatchObject([
      { actor: 'anonymous', outcome: 'caller.unknown', subject: '/api/v1/names/a' },
    ]);
  });
});

describe('GET /api/v1/audit', () => {
  const fill = (db: Db, orgId: OrganizationId, count: number): Promise<void> =>
    inTenant(db, [orgId], async (tx) => {
      for (let n = 1; n <= count; n++) {
        await appendAudit(tx, {
          orgId,
          actor: 'token:1',
          action: n % 2 === 0 ? 'even' : 'odd',
          subject: `thing:${n}`,
          outcome: 'ok',
          requestId: '',
          details: {},
        });
      }
    });

  interface Answer {
    readonly entries: readonly ChainEntry[];
    readonly head: { readonly seq: number } | null;
    readonly next_cursor: string | null;
  }

  test('pages through a chain, oldest first, with the head that it must reach', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await fill(db, orgId, 5);
    const app = appOf(db, orgId);
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const response = await app.inject({
        url: `/api/v1/audit?order=oldest&limit=2${query}`,
        ...bearer('read'),
      });
      expect(response.statusCode).toBe(200);
      const page: Answer = response.json();
      expect(page.head).toMatchObject({ seq: 5 });
      seen.push(...page.entries.map(({ seq }) => seq));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  test('shows the newest first, filtered', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await fill(db, orgId, 5);
    const response = await appOf(db, orgId).inject({
      url: '/api/v1/audit?action=odd&since=2020-01-01T00:00:00Z&limit=2',
      ...bearer('read'),
    });
    expect(response.json<Answer>()).toMatchObject({
      entries: [{ seq: 5 }, { seq: 3 }],
      next_cursor: '3',
    });
  });

  test('is empty for an organization in which nothing happened', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const response = await appOf(db, orgId).inject({ url: '/api/v1/audit', ...bearer('read') });
    expect(response.json()).toEqual({ entries: [], head: null, next_cursor: null });
  });

  test("shows the platform's chain to its administrators alone (T3)", async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const app = appOf(db, orgId);
    await app.inject({ method: 'POST', url: '/api/v1/names/a' });
    const url = '/api/v1/audit?chain=platform';
    expect((await app.inject({ url, ...bearer('admin') })).statusCode).toBe(403);
    const response = await appOf(db, null).inject({ url, ...bearer('platform') });
    expect(response.json<Answer>().entries).toContainEqual(
      expect.objectContaining({ actor: 'anonymous' }),
    );
  });

  test('refuses what it does not know', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const app = appOf(db, orgId);
    for (const query of [
      'since=yesterday',
      'limit=0',
      'limit=1001',
      'cursor=-1',
      'order=best',
      'x=1',
    ]) {
      const response = await app.inject({ url: `/api/v1/audit?${query}`, ...bearer('read') });
      expect.soft(response.statusCode, query).toBe(400);
    }
  });

  test.for(['0000-01-01T00:00:00Z', '2026-01-01T00:00:00+20:00'])(
    'refuses %s, which is an instant to the schema and none to the database',
    async (since, { db }) => {
      const { orgId } = await makeTenant(db);
      const url = `/api/v1/audit?since=${encodeURIComponent(since)}`;
      const answer = await appOf(db, orgId).inject({ url, ...bearer('read') });
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'request.invalid' });
    },
  );

  test('asks a platform administrator for the organization', async ({ db }) => {
    const response = await appOf(db, null).inject({ url: '/api/v1/audit', ...bearer('platform') });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'organization.required' });
  });
});

describe('GET /api/v1/audit/export', () => {
  const fill = (db: Db, orgId: OrganizationId, count: number): Promise<void> =>
    inTenant(db, [orgId], (tx) =>
      appendAll(
        tx,
        Array.from({ length: count }, (_, n) => ({
          orgId,
          actor: 'token:1',
          action: 'thing|done',
          subject: `thing:${n + 1}`,
          outcome: 'ok',
          requestId: '',
          details: {},
        })),
      ),
    );
  const linesOf = async (app: App, query: string): Promise<string[]> => {
    const answer = await app.inject({ url: `/api/v1/audit/export${query}`, ...bearer('read') });
    expect(answer.statusCode).toBe(200);
    return answer.payload.split('\n').slice(0, -1);
  };

  test('is every entry, oldest first, a line each, past any page; it verifies as it stands', async ({
    db,
  }) => {
    const { orgId } = await makeTenant(db);
    await fill(db, orgId, 2_500);
    const lines = await linesOf(appOf(db, orgId), '');
    const entries = lines.map((line) => JSON.parse(line) as ChainEntry);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 2_500 }, (_, n) => n + 1));
    expect(entries.slice(0, 1_000)).toEqual(await chainOf(db, orgId));
  });

  test('goes on after an entry, from an instant on, and in the Common Event Format', async ({
    db,
  }) => {
    const { orgId } = await makeTenant(db);
    await fill(db, orgId, 5);
    const app = appOf(db, orgId);
    const rest = await linesOf(app, '?cursor=3');
    expect(rest.map((line) => (JSON.parse(line) as ChainEntry).seq)).toEqual([4, 5]);
    expect(await linesOf(app, '?since=2999-01-01T00:00:00Z')).toEqual([]);
    const cef = await app.inject({
      url: '/api/v1/audit/export?format=cef&cursor=4',
      ...bearer('read'),
    });
    expect(cef.headers['content-type']).toContain('text/plain');
    expect(cef.payload).toMatch(
      /^CEF:0\|Sagewai\|Sagewai\|1\|thing\\\|done\|.* externalId=5 .*\n$/,
    );
  });

  test('is the organization’s alone (T3), and refuses what it does not know', async ({ db }) => {
    const [one, other] = [await makeTenant(db), await makeTenant(db)];
    await fill(db, one.orgId, 1);
    expect(await linesOf(appOf(db, other.orgId), '')).toEqual([]);
    const url = '/api/v1/audit/export';
    const app = appOf(db, one.orgId);
    expect((await app.inject({ url })).statusCode).toBe(401);
    for (const query of [
      'format=xml',
      'cursor=0',
      'since=yesterday',
      'since=0000-01-01T00:00:00Z',
    ]) {
      const answer = await app.inject({ url: `${url}?${query}`, ...bearer('read') });
      expect.soft(answer.statusCode, query).toBe(400);
    }
  });
});

describe('recordBatch', () => {
  const batchOf = (orgId: OrganizationId, ids: readonly string[]) => ({
    orgId,
    kind: 'run.claimed',
    actor: 'fleet',
    ids,
    digest: digestBatch(ids.map((id) => [id, '1'])),
  });

  test('is one entry for all its records, with their digest (T6)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const batch = batchOf(orgId, ['run-1', 'run-2']);
    await inTenant(db, [orgId], (tx) => recordBatch(tx, batch));
    const [entry] = await chainOf(db, orgId);
    expect(JSON.parse(entry?.details ?? '')).toEqual({
      kind: 'run.claimed',
      count: 2,
      digest: batch.digest,
      ids: 'run-1 run-2',
    });
  });

  test('has the digest that SQL makes of the same records (T6)', async ({ db, owner }) => {
    const { orgId } = await makeTenant(db);
    const { digest } = batchOf(orgId, ['run-1', 'Zoë']);
    const { rows } = await sql<{ digest: string }>`
      select encode(sha256(convert_to(
        string_agg(netstring(netstring(id) || netstring('1')), '' order by n), 'UTF8')), 'hex') as digest
      from unnest(${['run-1', 'Zoë']}::text[]) with ordinality as r(id, n)
    `.execute(owner);
    expect(rows).toEqual([{ digest }]);
  });

  test('of several organizations is one entry each, and none for an empty one', async ({ db }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    await inTenant(db, [a.orgId, b.orgId], (tx) =>
      recordBatches(tx, [batchOf(a.orgId, ['run-1']), batchOf(b.orgId, [])]),
    );
    expect(await chainOf(db, a.orgId)).toMatchObject([{ subject: 'run-1' }]);
    expect(await inTenant(db, [b.orgId], (tx) => readHead(tx, b.orgId))).toBeNull();
  });
});
