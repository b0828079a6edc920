import { newId } from '@sagewai/crypto';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import { insertOrganizationKey, insertProjectKeys, switchOn } from './content-keys.sql.ts';
import {
  findKeyWork,
  findOutcomesUnder,
  findPayloadsUnder,
  findRetiringKeys,
  readPageInClear,
  recordRetiring,
  recordSweep,
  retireIfEmpty,
  rewriteContents,
  type StoredContent,
} from './contents.sql.ts';

const under = (keyId: string, letters = 'AAA'): string => `"enc1.${keyId}.gAAAA${letters}"`;

/** A run with this payload. */
async function store(db: Db, place: Place, payload: string): Promise<StoredContent> {
  const run = newRun(place, { payload });
  await submitRuns(db, [run]);
  const { runId } = run;
  return { runId, projectId: place.tenant.projectId, payload, output: null, error: null };
}

async function retiringKey(db: Db, { tenant: { orgId, projectId } }: Place): Promise<string> {
  const [id, organizationKeyId] = [newId(), newId()];
  await inTenant(db, [orgId], async (tx) => {
    await switchOn(tx, orgId);
    await insertOrganizationKey(tx, { id: organizationKeyId, orgId, wrapped: 'w' });
    await insertProjectKeys(tx, [{ id, orgId, projectId, organizationKeyId, wrapped: 'w' }]);
    await sql`update project_key set retiring_at = app_now() where id = ${id}`.execute(tx);
  });
  return id;
}

test('contents are found by the key under which they stand', async ({ db }) => {
  const place = await makePlace(db, await makeTenant(db));
  const { orgId } = place.tenant;
  const [keyId, other] = [newId(), newId()];
  const stored = await store(db, place, under(keyId));
  await store(db, place, under(other));
  await store(db, place, '{"enc1": "in clear"}');
  await inTenant(db, [orgId], async (tx) => {
    expect(await findPayloadsUnder(tx, keyId, 10)).toEqual([stored]);
    expect(await findOutcomesUnder(tx, keyId, 10)).toEqual([]);
    const page = await readPageInClear(tx, {
      orgId,
      after: newId().replace(/./g, zero),
      limit: 10,
    });
    expect(page.contents.map(({ payload }) => payload)).toEqual(['{"enc1": "in clear"}']);
  });
  const foreign = await makeTenant(db);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await findPayloadsUnder(tx, keyId, 10)).toEqual([]);
  });
});

const zero = (letter: string): string => (letter === '-' ? '-' : '0');

test('a content is replaced by an encrypted one alone, and only while it is what was read', async ({
  db,
}) => {
  const place = await makePlace(db, await makeTenant(db));
  const { orgId } = place.tenant;
  const from = await store(db, place, '{"n":1}');
  const keyId = newId();
  const rewrite = (as: string, old: Partial<StoredContent>, to: Partial<StoredContent>) =>
    inTenant(db, [as as typeof orgId], (tx) =>
      rewriteContents(tx, [{ from: { ...from, ...old }, to: { ...from, ...to } }]),
    );
  const { orgId: foreign } = await makeTenant(db);
  expect(await rewrite(orgId, {}, { payload: '{"n":2}' })).toBe(0);
  expect(await rewrite(orgId, { payload: '{"n":3}' }, { payload: under(keyId) })).toBe(0);
  expect(await rewrite(foreign, {}, { payload: under(keyId) })).toBe(0);
  expect(await rewrite(orgId, {}, { payload: under(keyId) })).toBe(1);
  await inTenant(db, [orgId], async (tx) => {
    expect(await rewriteContents(tx, [])).toBe(0);
    // Those who serve may change a run in no other way.
    const meddle = sql`update run set payload = '{}' where run_id = ${from.runId}`.execute(tx);
    await expect(meddle).rejects.toThrow(/permission denied/);
  }).catch((error: unknown) => expect(String(error)).toMatch(/aborted|nothing was committed/));
});

test('a key is retired when nothing stands under it, and nobody holds one derived from it (E2)', async ({
  db,
  dispatch,
  owner,
}) => {
  const place = await makePlace(db, await makeTenant(db));
  const { orgId } = place.tenant;
  const keyId = await retiringKey(db, place);
  const from = await store(db, place, under(keyId));
  const retire = (graceMs = 0): Promise<boolean> =>
    inTenant(db, [orgId], (tx) => retireIfEmpty(tx, keyId, graceMs));
  expect(await findKeyWork(dispatch, 0)).toEqual([
    { orgId, sweptTo: '00000000-0000-0000-0000-000000000000' },
  ]);
  expect(await findKeyWork(dispatch, 60_000)).toEqual([]);

  expect(await retire()).toBe(false); // a row stands under it
  const claimed = await claimRuns(db, requestOf(place));
  expect(claimed).toHaveLength(1);
  await inTenant(db, [orgId], (tx) =>
    rewriteContents(tx, [{ from, to: { ...from, payload: under(newId()) } }]),
  );
  expect(await retire()).toBe(false); // notes that it is empty
  expect(await retire()).toBe(false); // a lease of before is held
  await sql`delete from lease where run_id = ${from.runId}`.execute(owner);
  expect(await retire(60_000)).toBe(false); // a statement of before may be under way
  expect(await retire()).toBe(true);
  expect(await retire()).toBe(false);
  await inTenant(db, [orgId], async (tx) => {
    expect(await findRetiringKeys(tx, orgId)).toEqual([]);
    await recordRetiring(tx, orgId);
    await recordSweep(tx, orgId, null);
  });
  expect(await findKeyWork(dispatch, 0)).toEqual([]);
});
