import { inTenant, sql, type Tx } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant } from '@sagewai/testing';
import type { OrganizationId, RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import { listRunCalls, markRunCalls } from './run-calls.sql.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001' as RunId;
const idOf = (n: number): string => `0199bbbb-0000-7000-8000-00000000000${n}`;

async function book(
  tx: Tx,
  of: { orgId: OrganizationId; projectId: string; n: number },
): Promise<void> {
  await sql`
    insert into spend (id, entry, org_id, project_id, run_id, cost_pusd, input_tokens, cached_input_tokens,
      cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
      price_known, started_at, at, usage_source, status, model, deployment)
    values (${idOf(of.n)}, 0, ${of.orgId}, ${of.projectId}, ${RUN}, 5, 1, 0, 0, 1, 0, 0, 0, 0, true, app_now(),
      app_now(), 'provider', 'ok', 'm', 'd')
  `.execute(tx);
}

test('a call whose booking is still open is not passed over by a reader who goes on', async ({
  db,
}) => {
  const { orgId, projectId } = await makeTenant(db);
  const read = (after: Awaited<ReturnType<typeof listRunCalls>>[number] | null) =>
    inTenant(db, [orgId], (tx) => listRunCalls(tx, { runId: RUN, after, limit: 10 }));
  await inTenant(db, [orgId], (tx) => book(tx, { orgId, projectId, n: 1 }));
  await using open = await holdTransaction(db, [orgId], (tx) =>
    book(tx, { orgId, projectId, n: 2 }),
  );
  await inTenant(db, [orgId], (tx) => book(tx, { orgId, projectId, n: 3 }));
  // A transaction that is open in another database of the cluster delays what is told as well.
  const told = async (after: Parameters<typeof read>[0], ids: readonly string[]) => {
    const idsOf = async (): Promise<string[]> => (await read(after)).map(({ id }) => id);
    await expect.poll(idsOf, { timeout: 20_000 }).toEqual(ids);
    return read(after);
  };
  const mark = async () => (await inTenant(db, [orgId], (tx) => markRunCalls(tx, [RUN])))[0];
  const first = await told(null, [idOf(1)]);
  const before = await mark();
  expect(before).toEqual({ runId: RUN, last: first[0]?.bookedXid, isAll: false });
  await open.commit();
  await told(first[0] ?? null, [idOf(2), idOf(3)]);
  const after = await mark();
  expect(after?.isAll).toBe(true);
  expect(after?.last).not.toBe(before?.last);
  const all = await told(null, [idOf(1), idOf(2), idOf(3)]);
  expect(all.map(({ costPusd }) => costPusd)).toEqual([5n, 5n, 5n]);
});
