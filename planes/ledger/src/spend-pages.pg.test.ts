import { randomUUID } from 'node:crypto';

import { type Db, type Executor, inTenant, sql, type Tx } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId, OrganizationId } from '@sagewai/wire';
import { expect } from 'vitest';

import { reserveAll, settleAll } from './calls.sql.ts';
import { type Account, callOf, settlementOf, untilEnded } from './fixture.sql.ts';
import { findOrgsToFold, foldSpend, markFolded } from './rollups.sql.ts';
import { reportSpend, reportStatement } from './spend-report.sql.ts';
import type { ReportName } from './spend-report.ts';
import { readSpendPage, sumSpend } from './spend.sql.ts';

const OLD_ROWS = 120_000;

/** Calls of the last forty days, of two keys: every second one of this one. */
async function bookOld(owner: Executor, { orgId, projectId, keyId }: Account): Promise<void> {
  await sql`
    insert into spend (
      id, entry, org_id, project_id, key_id, cost_pusd, input_tokens, cached_input_tokens,
      cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
      price_known, started_at, at, usage_source, status, model, deployment)
    select (lpad(to_hex(floor(extract(epoch from t.at) * 1000)::bigint), 12, '0') || '70008000'
             || lpad(to_hex(t.i), 12, '0'))::uuid,
           0, ${orgId}, ${projectId}, case when t.i % 2 = 0 then ${keyId}::uuid end, 3, 10, 0, 0, 5, 3, 15,
           0, 0, true, t.at, t.at, 'provider', case when t.i % 200 = 0 then 'error' else 'ok' end, 'm' || (t.i % 5), 'd'
    from (
      select i, now() - interval '40 days' + i * interval '20 seconds' as at
      from generate_series(1, ${OLD_ROWS}::int) i
    ) t
  `.execute(owner);
  await sql`vacuum analyze spend`.execute(owner); // as the database does it by itself
}

/** How many rows of spend the work reads. */
async function rowsRead<Output>(
  db: Db,
  { orgId }: Account,
  work: (tx: Tx) => Promise<Output>,
): Promise<{ readonly read: number; readonly output: Output }> {
  return inTenant(db, [orgId], async (tx) => {
    // What the connection read before may not have been told yet, and is then counted here as well.
    const before = await readSoFar(tx);
    const output = await work(tx);
    return { read: (await readSoFar(tx)) - before, output };
  });
}

async function readSoFar(tx: Tx): Promise<number> {
  const { rows } = await sql<{ read: number }>`
    select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::int as read
    from pg_stat_xact_user_tables where relname ~ '^spend_(rest|[0-9]{6})$'
  `.execute(tx);
  return rows[0]?.read ?? 0;
}

/** R4. Of the tables of sums, those that the plan of a report reads; none is added up twice, for groups and for totals. */
async function tablesRead(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly by: readonly ReportName[] },
): Promise<string[]> {
  const statement = reportStatement({ ...of, page: { offset: 0, limit: 100 } });
  const { rows } = await sql<Record<string, string>>`explain ${statement}`.execute(tx);
  const lines = rows.flatMap((row) => Object.values(row));
  expect(lines.join('\n')).not.toMatch(/MixedAggregate|Group Key: \(\)/);
  return lines.flatMap((line) => / on (spend_daily\w*) /.exec(line)?.[1] ?? []);
}

test('a report and a page read few rows of a large table', async ({ db, dispatch, owner }) => {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await bookOld(owner, account);
  await untilEnded(dispatch);
  const { orgIds, mark } = await findOrgsToFold(dispatch);
  for (const each of orgIds) await foldSpend(db, each);
  await markFolded(dispatch, mark);
  const fresh = Array.from({ length: 20 }, () => callOf(account, 7n));
  await reserveAll(db, fresh);
  await settleAll(
    db,
    fresh.map((call) => settlementOf(call)),
  );

  const report = await rowsRead(db, account, (tx) =>
    reportSpend(tx, { orgId, by: ['model'], page: { offset: 0, limit: 100 } }),
  );
  expect(report.output.totals).toMatchObject({ calls: 120_020n, costPusd: 360_140n });
  expect(report.read).toBeLessThan(5_000);

  await inTenant(db, [orgId], async (tx) => {
    expect(await tablesRead(tx, { orgId, by: ['day', 'model'] })).toEqual(['spend_daily_call']);
    expect(await tablesRead(tx, { orgId, by: ['tag'] })).toEqual(['spend_daily_tag']);
    expect(await tablesRead(tx, { orgId, by: ['session'] })).toEqual(['spend_daily_session']);
  });

  const page = (tx: Tx, filter: object, of: object = {}) =>
    readSpendPage(tx, { orgId, ...filter }, { limit: 100, ...of });
  const newest = await rowsRead(db, account, (tx) => page(tx, { keyId: account.keyId }));
  expect(newest.output.rows).toHaveLength(100);
  expect(newest.read).toBeLessThan(400);

  // Of an hour three weeks ago: what came since is not looked at, and the page says that it was all.
  const at = (days: number, hours = 0): string =>
    new Date(Date.now() - days * 86_400_000 + hours * 3_600_000).toISOString();
  const hour = { since: at(21), until: at(21, 1) };
  const old = await rowsRead(db, account, (tx) => page(tx, hour, { limit: 200 }));
  expect(old.output.next).toBeNull();
  expect(old.output.rows.length).toBeGreaterThanOrEqual(178);
  expect(old.output.rows.length).toBeLessThanOrEqual(181);
  expect(old.read).toBeLessThan(19_000); // of three days, twice: the page, and whether it was all
  for (const { startedAt } of old.output.rows) {
    expect(startedAt.getTime()).toBeGreaterThanOrEqual(Date.parse(hour.since));
    expect(startedAt.getTime()).toBeLessThan(Date.parse(hour.until));
  }
  const nonsense = { since: '2026-11-28T00:00:00Z', until: '0001-01-01T00:00:00Z' };
  const none = await rowsRead(db, account, (tx) => page(tx, nonsense));
  expect(none).toMatchObject({ read: 0, output: { rows: [], next: null } });

  // Those that failed are added up without reading the others.
  const failed = await rowsRead(db, account, (tx) => sumSpend(tx, { orgId, status: 'error' }));
  expect(failed.output.calls).toBe(OLD_ROWS / 200);
  expect(failed.read).toBeLessThan(1_000);

  // Nothing matches: a page ends all the same, and the next one goes on behind it.
  const nothing = await rowsRead(db, account, (tx) =>
    page(tx, { model: 'none' }, { lookAt: 1_000 }),
  );
  expect(nothing.output.rows).toEqual([]);
  expect(nothing.read).toBeLessThan(2_200);
  let { next } = nothing.output;
  let pages = 1;
  await inTenant(db, [orgId], async (tx) => {
    for (; next !== null; pages++) {
      ({ next } = await page(tx, { model: 'none' }, { after: next, lookAt: 20_000 }));
    }
  });
  expect(pages).toBe(7);

  const all = await inTenant(db, [orgId], async (tx) => {
    const found = new Set<string>();
    let after;
    do {
      const { rows, next: on } = await page(tx, { model: 'm3' }, { after, limit: 9_000 });
      for (const { id } of rows) found.add(id);
      after = on ?? undefined;
    } while (after !== undefined);
    return found.size;
  });
  expect(all).toBe(OLD_ROWS / 5);
});
