import { randomUUID } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import { createAuditor } from '@sagewai/trust';
import { describe, expect } from 'vitest';

import { createLedger } from '../create-ledger.ts';
import { budgetOf } from '../fixture.sql.ts';
import { createSoftBudgets } from './create-soft-budgets.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Fixtures {
  readonly acme: Tenant;
  /** As `admin`, `write`, `read` of the organization in its project, as its `key`, or `bound` to another project. */
  readonly call: (who: string, target: string, body?: object) => Promise<Answer>;
}

const test = fileDatabaseTest.extend<Fixtures>({
  acme: [async ({ db }, use) => use(await makeTenant(db)), { scope: 'file' }],
  call: [
    async ({ db, acme: { orgId, projectId } }, use) => {
      const metrics = createMetrics();
      const parts = { db, clock: systemClock, log: silentLog, metrics };
      const ledger = createLedger(parts);
      const app = createApp({
        ...parts,
        routes: createSoftBudgets({
          ...parts,
          ledger,
          dispatch: db,
          nudge: () => undefined,
          watchEveryMs: 60_000,
          sendsMail: false,
        }).routes,
        authenticate: createAuthenticator([
          {
            read: ({ headers }) => {
              const word = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
              const caller = { id: randomUUID(), name: word, orgId, projectId } as const;
              if (word === 'key') return { ...caller, kind: 'key', scopes: new Set<Scope>() };
              if (word === 'bound') {
                const detail = { boundProjectId: randomUUID() };
                return {
                  ...caller,
                  kind: 'token',
                  scopes: new Set<Scope>(['admin', 'read']),
                  detail,
                };
              }
              const scopes = new Set<Scope>([word as Scope]);
              return { ...caller, kind: 'token', scopes, detail: { boundProjectId: null } };
            },
          },
        ]),
        auditor: createAuditor({ db }),
      });
      await use(async (who, target, body) => {
        const [method, url = ''] = target.split(' ');
        const response = await app.inject({
          method: method as 'GET',
          url: url.startsWith('/api/') ? url : `/api/v1/budget${url}`,
          headers: { authorization: `Bearer ${who}` },
          ...(body ? { payload: body } : {}),
        });
        return { status: response.statusCode, body: response.json() };
      });
      await app.close();
      await ledger.close();
    },
    { scope: 'file' },
  ],
});

test('a call past the gateway is reserved by its key, recorded under the same id, and refused beyond a limit', async ({
  call,
}) => {
  const ahead = { agent_name: 'ahead', cost_usd_max: 0.5, model: 'gpt-4o' };
  expect((await call('read', 'POST /reservations', ahead)).status).toBe(403);
  const { status, body } = await call('key', 'POST /reservations', ahead);
  expect([status, typeof body['expires_at']]).toEqual([201, 'string']);
  const spent = { id: body['id'], agent_name: 'ahead', cost_usd: '0.2', model: 'gpt-4o' };
  const booked = { id: body['id'], cost_usd: '0.2' };
  expect(await call('key', 'POST /spend', spent)).toMatchObject({
    body: { ...booked, kind: 'booked' },
  });
  expect(await call('key', 'POST /spend', spent)).toMatchObject({
    body: { ...booked, kind: 'known' },
  });
  const tooMuch = await call('key', 'POST /reservations', { ...ahead, cost_usd_max: 1_001 });
  expect(tooMuch).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
});

describe('soft budgets over HTTP', () => {
  test('are made, replaced, listed and deleted by an administrator, with numbers or texts', async ({
    call,
    acme,
  }) => {
    const body = { agent_name: 'coder', max_daily_usd: 0.1, action: 'stop' };
    expect((await call('write', 'POST /limits', body)).status).toBe(403);
    const made = await call('admin', 'POST /limits', body);
    expect(made).toMatchObject({
      status: 200,
      body: {
        project_id: acme.projectId,
        agent_name: 'coder',
        max_daily_usd: '0.1',
        max_monthly_usd: null,
        action: 'stop',
        fallback_chain: [],
        month: 'calendar',
        advised_hard: { usd_per_day: '0.12', usd_per_month: null, is_set: false },
      },
    });
    const put = await call('admin', 'PUT /limits/coder', { max_monthly_usd: '20' });
    expect(put.body).toMatchObject({ max_daily_usd: null, max_monthly_usd: '20', action: 'warn' });
    const { body: listed } = await call('read', 'GET /limits');
    expect(listed['limits']).toMatchObject([{ agent_name: 'coder', max_monthly_usd: '20' }]);
    expect((await call('admin', 'DELETE /limits/coder')).status).toBe(200);
    expect((await call('admin', 'DELETE /limits/coder')).status).toBe(404);
    expect((await call('admin', `GET /limits?project=${randomUUID()}`)).status).toBe(404);
  });

  test('tell what was spent, what is left, and what comes next', async ({ call }) => {
    await call('admin', 'PUT /limits/a%2Fb', {
      max_daily_usd: 1,
      action: 'throttle',
      fallback_chain: ['small', 'free'],
    });
    const spent = { agent_name: 'a/b', cost_usd: 0.75, model: 'large' };
    const first = await call('key', 'POST /spend', spent);
    expect(first).toMatchObject({ status: 200, body: { kind: 'booked', cost_usd: '0.75' } });
    const again = await call('key', 'POST /spend', { ...spent, id: first.body['id'] });
    expect(again.body).toEqual({ ...first.body, kind: 'known' });
    expect((await call('key', 'GET /status/a%2Fb')).body).toMatchObject({
      agent_name: 'a/b',
      limit: { max_daily_usd: '1' },
      current_spend_usd: '0.75',
      remaining_usd: '0.25',
      status: 'allow',
    });
    expect((await call('key', 'POST /check', { agent_name: 'a/b' })).body).toEqual({
      allowed: true,
      action: 'allow',
      reason: null,
      daily_spend: '0.75',
      monthly_spend: '0.75',
      fallback_model: null,
    });
    await call('write', 'POST /spend', spent);
    expect((await call('key', 'POST /check', { agent_name: 'a/b', model: 'small' })).body).toEqual({
      allowed: true,
      action: 'throttle',
      reason: 'Daily budget exceeded: $1.5000 > $1.0000',
      daily_spend: '1.5',
      monthly_spend: '1.5',
      fallback_model: 'free',
    });
    expect((await call('read', 'GET /status/a%2Fb')).body).toMatchObject({ remaining_usd: '0' });
    expect((await call('read', 'POST /spend', spent)).status).toBe(403);
  });

  test('of the project set its hard limit too, a fifth above, where it has none', async ({
    call,
    acme,
    db,
  }) => {
    const account = { ...acme, keyId: randomUUID() as never };
    const body = { max_daily_usd: '10', action: 'stop', set_hard: true };
    expect((await call('admin', 'PUT /limits/coder', body)).status).toBe(400);
    const { body: set } = await call('admin', 'PUT /limits/*', body);
    expect(set['advised_hard']).toEqual({ usd_per_day: '12', usd_per_month: null, is_set: true });
    expect((await budgetOf(db, account, 'project')).limits.usdPerDay).toBe(12_000_000_000_000n);
    // What is there stays.
    const { body: next } = await call('admin', 'PUT /limits/*', { ...body, max_daily_usd: '1' });
    expect(next['advised_hard']).toMatchObject({ usd_per_day: '1.2', is_set: false });
    expect((await budgetOf(db, account, 'project')).limits.usdPerDay).toBe(12_000_000_000_000n);
  });

  test('refuse declared spend under the name of another day, or of a call', async ({ call }) => {
    const spent = { agent_name: 'a', cost_usd: '1' };
    const old = '01900000-0000-8000-8000-000000000001';
    expect((await call('write', 'POST /spend', { ...spent, id: old })).status).toBe(400);
    expect((await call('write', 'POST /spend', { ...spent, id: randomUUID() })).status).toBe(409);
    expect((await call('write', 'POST /spend', { ...spent, cost_usd: '-1' })).status).toBe(400);
  });

  test('refuse declared spend that no one call costs, whatever the hard limits have left (D2)', async ({
    call,
  }) => {
    const spent = { agent_name: 'big', cost_usd: '1000' };
    expect((await call('write', 'POST /spend', spent)).status).toBe(200);
    for (const cost_usd of ['1000.000000000001', '9000000', 1_000_000]) {
      const refused = await call('write', 'POST /spend', { ...spent, cost_usd });
      expect(refused).toMatchObject({
        status: 400,
        body: { detail: expect.stringContaining('DECLARED_SPEND_USD_MAX') },
      });
    }
    expect((await call('read', 'GET /status/big')).body).toMatchObject({ daily_spend_usd: '1000' });
  });
});

describe('alert rules over HTTP', () => {
  test('are made, changed, listed and deleted by whoever administers alerts', async ({
    call,
    acme,
  }) => {
    const path = '/api/v1/alert-rules';
    const body = { name: 'web', project: acme.projectName, period: 'day' };
    expect((await call('read', `POST ${path}`, body)).status).toBe(403);
    const made = await call('admin', `POST ${path}`, body);
    expect(made).toMatchObject({
      status: 201,
      body: {
        project_id: acme.projectId,
        agent_name: null,
        limit_usd: null,
        thresholds: [50, 80, 100],
      },
    });
    expect((await call('admin', `POST ${path}`, body)).status).toBe(409);
    const one = `${path}/${String(made.body['id'])}`;
    const changed = await call('admin', `PATCH ${one}`, { limit_usd: '5.50', thresholds: [90] });
    expect(changed.body).toMatchObject({ limit_usd: '5.5', thresholds: [90], period: 'day' });
    const { body: listed } = await call('read', `GET ${path}`);
    expect(listed['rules']).toEqual([changed.body]);
    // Whoever has to do with another project sees and changes nothing of it.
    expect((await call('bound', `GET ${path}`)).body).toEqual({ rules: [] });
    expect((await call('bound', `PATCH ${one}`, { limit_usd: '9' })).status).toBe(404);
    expect((await call('bound', `DELETE ${one}`)).status).toBe(404);
    expect((await call('admin', `DELETE ${one}`)).status).toBe(200);
    expect((await call('admin', `DELETE ${one}`)).status).toBe(404);
  });

  test('refuse what cannot be told: no mail server, no address, no project, no limit', async ({
    call,
  }) => {
    const post = async (body: object): Promise<number> =>
      (await call('admin', 'POST /api/v1/alert-rules', { name: 'x', period: 'day', ...body }))
        .status;
    expect(await post({ email_to: ['anna@example.com'] })).toBe(409);
    expect(await post({ email_to: ['anna@example.com\r\nBcc: ben@example.com'] })).toBe(400);
    expect(await post({ agent_name: 'coder' })).toBe(400);
    expect(await post({ limit_usd: '0' })).toBe(400);
    expect(await post({ project: 'missing' })).toBe(404);
  });
});
