import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const NONE = {
  usd_per_hour: null,
  usd_per_day: null,
  usd_per_week: null,
  usd_per_month: null,
  usd_per_30_days: null,
  usd_in_total: null,
  tokens_per_minute: null,
  requests_per_minute: null,
};
const shown = {
  scope_kind: 'key',
  scope_id: '0199aaaa-0000-7000-8000-000000000003',
  facet: 'model',
  name: 'gpt-4o',
  ...NONE,
  usd_per_day: '10',
};

test('budgets set limits one part of a scope, or each, and keeps what is not named', async () => {
  const { run, server } = await shell();
  server.on('gateway.listFacetLimits', () => ({ json: { limits: [shown], has_more: false } }));
  server.on('gateway.setFacetLimit', () => ({ json: { ...shown, requests_per_minute: 5 } }));
  const set = await run(
    `budgets set key ${shown.scope_id} --only model=gpt-4o --requests-per-minute 5`,
  );
  expect(set.out).toBe('$10/day, 5 requests/min');
  await run(`budgets set key ${shown.scope_id} --each session --usd-in-total 2`);
  expect(server.asked('gateway.setFacetLimit')).toMatchObject([
    {
      params: { scope_kind: 'key', scope_id: shown.scope_id, facet: 'model' },
      body: { ...NONE, name: 'gpt-4o', usd_per_day: '10', requests_per_minute: 5 },
    },
    { params: { facet: 'session' }, body: { name: null, usd_in_total: '2' } },
  ]);
  expect((await run('budgets parts')).out).toMatch(/key +\S+ +model +gpt-4o +\$10\/day/);
});

test('budgets set says what is no part', async () => {
  const { run } = await shell();
  expect((await run('budgets set key k --usd-per-day 1')).err).toContain('--each or --only');
  expect((await run('budgets set key k --only colour=red --usd-per-day 1')).err).toContain(
    'as model=gpt-4o',
  );
  expect((await run('budgets set project --each tag --usd-per-day 1')).err).toContain(
    'say which project',
  );
});
