import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ORG = '0199aaaa-0000-7000-8000-000000000001';
const PROJECT = '0199aaaa-0000-7000-8000-000000000002';
const limits = {
  usd_per_hour: null,
  usd_per_day: '20',
  usd_per_week: null,
  usd_per_month: null,
  usd_per_30_days: null,
  usd_in_total: null,
  tokens_per_minute: null,
  requests_per_minute: 60,
};
const budget = {
  scope_kind: 'project',
  scope_id: PROJECT,
  part: null,
  ...limits,
  balances: [
    {
      measure: 'cost',
      period: 'day',
      limit: '20',
      settled: '12.5',
      reserved: '0.5',
      remaining: '7',
      resets_at: '2026-01-02T00:00:00Z',
    },
  ],
};

test('budgets set changes the limits that are named, and keeps the others', async () => {
  const { run, server } = await shell();
  server.on('identity.getProject', () => ({
    json: {
      id: PROJECT,
      organization_id: ORG,
      name: 'staging',
      created_at: '2026-01-01T00:00:00Z',
      state: 'active',
    },
  }));
  server.on('ledger.listBudgets', () => ({ json: { budgets: [budget], next_cursor: null } }));
  server.on('ledger.setBudget', () => ({
    json: { ...budget, usd_per_month: '2000', requests_per_minute: null },
  }));
  const set = await run(
    'budgets set project staging --usd-per-month 2000 --requests-per-minute none',
  );
  expect(set.out).toBe('$20/day, $2000/month');
  expect(server.asked('ledger.setBudget')[0]).toMatchObject({
    params: { scope_kind: 'project', scope_id: PROJECT },
    body: { ...limits, usd_per_month: '2000', requests_per_minute: null },
  });
  await run('budgets list session');
  expect(server.asked('ledger.listBudgets').at(-1)).toMatchObject({
    query: { scope_kind: 'session' },
  });
  expect((await run('budgets list')).out).toMatch(
    /project +\S+ +cost a day +20 +12\.5 +0\.5 +7 +2026-01-02T00:00:00Z/,
  );
});

test('budgets set says what it is not told, and what is no amount', async () => {
  const { run } = await shell();
  expect((await run('budgets set project staging')).err).toContain('say at least one limit');
  expect((await run('budgets set project --usd-per-day 5')).err).toContain('say which project');
  expect((await run('budgets set organization acme --usd-per-day 5')).err).toContain('--org');
  expect((await run('budgets set organization --usd-per-day five')).err).toContain('US dollars');
});

test('budgets set organization is the organization of the token', async () => {
  const { run, server } = await shell();
  const rights = { scopes: ['admin'], permissions: [], stands_for: null };
  const whoAmI = { kind: 'token', id: ORG, name: 'a', project: null, ...rights };
  server.on('identity.whoAmI', () => ({
    json: { ...whoAmI, organization: { id: ORG, name: 'acme' } },
  }));
  server.on('ledger.listBudgets', () => ({ json: { budgets: [], next_cursor: null } }));
  server.on('ledger.setBudget', () => ({
    json: { ...budget, scope_kind: 'organization', scope_id: ORG },
  }));
  await run('budgets set organization --usd-per-day 20');
  expect(server.asked('ledger.setBudget')[0]).toMatchObject({
    params: { scope_kind: 'organization', scope_id: ORG },
    body: { usd_per_day: '20' },
  });
});
