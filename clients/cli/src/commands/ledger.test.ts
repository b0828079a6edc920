import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const none = { calls: 0, usd: '0' };
const entries = {
  settled: { calls: 2, usd: '1.5' },
  expired: { ...none, ids: [] },
  corrected: none,
  reserved: none,
  in_shares: { shares: 0, usd: '0' },
  lost_shares: { shares: 0, usd: '0' },
};
const right = {
  is_right: true,
  rows: 2,
  sums_compared: true,
  balances: [],
  sums: [],
  entries,
};
const wrong = {
  ...right,
  is_right: false,
  balances: [
    {
      scope_kind: 'project',
      scope_id: 'p1',
      measure: 'cost',
      period: 'day',
      settled: { told: '1.500000000001', derived: '1.5' },
      reserved: { told: '0', derived: '0' },
    },
  ],
};

test('ledger verify names what differs, and ends with 1', async () => {
  const { run, server } = await shell();
  server.on('ledger.verifyLedger', () => ({ json: right }));
  const whole = await run('ledger verify');
  expect(whole.code).toBe(0);
  expect(whole.out).toContain('Right: balances and sums are those of 2 rows.');
  server.on('ledger.verifyLedger', () => ({ json: wrong }));
  const broken = await run('ledger verify');
  expect(broken.code).toBe(1);
  expect(broken.out).toMatch(/settled of project p1, cost a day +1\.500000000001 +1\.5/);
  expect(broken.out).not.toContain('reserved of project');
  expect(JSON.parse((await run('ledger verify --json')).out)).toEqual(wrong);
});

const simulation = {
  scope_id: 'blue',
  since: '2026-11-14',
  calls: 10,
  cost_usd: '30',
  refused_calls: 3,
  refused_usd: '9.5',
  unpriced_calls: 1,
  first_refused_at: '2026-11-15T10:00:00Z',
  by_limit: [{ measure: 'cost', period: 'day', refused_calls: 3, refused_usd: '9.5' }],
  by_key_and_model: [
    {
      key_id: null,
      model: 'gpt-4o',
      refused_calls: 3,
      refused_usd: '9.5',
      first_refused_at: '2026-11-15T10:00:00Z',
    },
  ],
  is_whole: false,
  read_until: '2026-11-20T00:00:00Z',
};

test('budgets simulate says what would have been refused, of what, and how far it looked', async () => {
  const { run, server } = await shell();
  server.on('ledger.simulateBudget', () => ({ json: simulation }));
  const { out, err } = await run(
    'budgets simulate team blue --usd-per-day 5 --since 2026-11-14 --until 2026-11-20',
  );
  expect(server.asked('ledger.simulateBudget')[0]).toMatchObject({
    query: {
      scope_kind: 'team',
      scope_id: 'blue',
      usd_per_day: '5',
      since: '2026-11-14',
      until: '2026-11-20',
    },
  });
  expect(out).toContain('Would have refused 3 ($9.5) of 10 calls ($30) since 2026-11-14');
  expect(out).toContain('1 calls have no known price');
  expect(out).toMatch(/- +gpt-4o +3 +\$9\.5/);
  expect(err).toContain('until 2026-11-20T00:00:00Z');
  expect((await run('budgets simulate team blue')).err).toContain('say at least one limit');
  expect((await run('budgets simulate team --usd-per-day 5')).err).toContain('say which team');
});
