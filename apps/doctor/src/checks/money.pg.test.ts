import { randomUUID } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { checkMoney } from './money.ts';

test('a sum and a balance that are not those of their rows are found', async ({ db, owner }) => {
  const { orgId, projectId } = await makeTenant(db);
  expect(await checkMoney(db, owner)).toMatchObject({ level: 'ok', check: 'money' });
  await inTenant(db, [orgId], async (tx) => {
    await sql`
      insert into spend_fold (org_id, cluster, folded_until, folded_at)
      values (${orgId}, ledger_cluster(), 1, now())
    `.execute(tx);
    await sql`
      insert into spend_daily (
        org_id, kind, day, name, project_id, team, person, model, provider, agent, calls, failed_calls,
        unpriced_calls, cost_pusd, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens)
      values (${orgId}, 'call', '2026-11-28', '', ${projectId}, '', '', 'm', '', '', 1, 0, 0, 5, 0, 0, 0, 0)
    `.execute(tx);
    await sql`
      insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, settled, opened_at)
      values (${orgId}, 'key', ${randomUUID()}, 'cost', 'day', 100, 7, date_trunc('day', now()))
    `.execute(tx);
  });
  const found = await checkMoney(db, owner);
  expect(found).toMatchObject({
    level: 'failure',
    found: expect.stringContaining('1 sums and 1 balances'),
  });
});
