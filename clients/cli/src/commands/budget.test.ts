import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const PROJECT = '0199aaaa-0000-7000-8000-000000000002';
const limit = {
  project_id: PROJECT,
  agent_name: 'coder',
  max_daily_usd: '5',
  max_monthly_usd: null,
  action: 'throttle',
  fallback_chain: ['small', 'local'],
  month: 'calendar',
  updated_at: '2026-01-01T00:00:00Z',
};

test('budget set replaces a limit, and tells the advised hard one', async () => {
  const { run, server } = await shell();
  server.on('ledger.setSoftLimit', () => ({
    json: { ...limit, advised_hard: { usd_per_day: '6', usd_per_month: null, is_set: false } },
  }));
  const set = await run(
    'budget set coder --usd-per-day 5 --action throttle --fallback small local --project web',
  );
  expect(set.out).toBe('$5/day, then throttle\nadvised as a hard limit: $6/day');
  expect(server.asked('ledger.setSoftLimit')[0]).toMatchObject({
    params: { agent: 'coder' },
    body: { max_daily_usd: '5', action: 'throttle', fallback_chain: ['small', 'local'] },
  });
  expect((await run('budget set coder')).err).toContain('say --usd-per-day');
});

test('budget limits and status show what there is', async () => {
  const { run, server } = await shell();
  server.on('ledger.listSoftLimits', () => ({ json: { limits: [limit] } }));
  server.on('ledger.getBudgetStatus', () => ({
    json: {
      agent_name: 'coder',
      limit,
      current_spend_usd: '2',
      remaining_usd: '3',
      status: 'allow',
      daily_spend_usd: '2',
      monthly_spend_usd: '9',
      forecast: { end_of_day_usd: '4', end_of_month_usd: '31' },
    },
  }));
  expect((await run('budget limits')).out).toMatch(/coder +5 +- +throttle +small, local +calendar/);
  const { out } = await run('budget status coder');
  expect(out).toMatch(/left +\$3/);
  expect(out).toMatch(/at the end of the month +\$31/);
});

test('budget check ends with 1 where the agent may not go on', async () => {
  const { run, server } = await shell();
  const reason = 'Daily budget exceeded: $6.0000 > $5.0000';
  const answer = { reason, daily_spend: '6', monthly_spend: '6', fallback_model: null };
  server.on('ledger.checkBudget', () => ({ json: { ...answer, allowed: false, action: 'stop' } }));
  expect(await run('budget check coder --model large')).toMatchObject({
    code: 1,
    out: `stop: ${reason}`,
  });
  expect(server.asked('ledger.checkBudget')[0]).toMatchObject({
    body: { agent_name: 'coder', model: 'large' },
  });
  server.on('ledger.checkBudget', () => ({
    json: { ...answer, allowed: true, action: 'throttle', fallback_model: 'small' },
  }));
  expect(await run('budget check coder')).toMatchObject({
    code: 0,
    out: `throttle, by small: ${reason}`,
  });
});
