import { createSecretKey, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import type { OrganizationId, RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { aStep, type DecisionFixture, type Held } from './decision-fixture.ts';
import { decisionTest as test } from './decision-test.ts';
import { appendSteps, readSteps } from './steps.sql.ts';

async function running(replica: DecisionFixture): Promise<Held> {
  const worker = await replica.worker();
  await replica.submit();
  return replica.claim(worker);
}

/** The lease of this run goes back, and somebody else takes it. */
async function takenOver(replica: DecisionFixture, held: Held): Promise<Held> {
  await replica.call('POST', '/api/v1/fleet/report', held.worker, {
    run_id: held.runId,
    epoch: held.epoch,
    status: 'released',
  });
  return replica.claim(await replica.worker());
}

const stepsOf = (answer: { body: Readonly<Record<string, unknown>> }) =>
  answer.body['steps'] as Record<string, unknown>[];

describe('a journal', () => {
  test('is read by whoever takes the run over, and by people', async ({ replica }) => {
    const first = await running(replica);
    const input = 'a'.repeat(64);
    expect(await replica.write(first, aStep('one', { input_digest: input }), aStep('two'))).toEqual(
      {
        status: 200,
        body: { change: 2 },
      },
    );
    const second = await takenOver(replica, first);
    const seen = await replica.read(first.runId, '', second.runToken);
    expect(seen.body).toMatchObject({ is_end: true, next: 2, seed: first.runId, replay_of: null });
    expect(stepsOf(seen)).toMatchObject([
      { seq: 1, name: 'one', state: 'completed', result: 'one is done', input_digest: input },
      { seq: 2, name: 'two', epoch: first.epoch, attempt: 1 },
    ]);
    expect(stepsOf(await replica.read(first.runId))).toEqual(stepsOf(seen));
    expect(stepsOf(await replica.read(first.runId, '?limit=1'))).toHaveLength(1);
    expect(stepsOf(await replica.read(first.runId, '?after=1'))).toMatchObject([{ name: 'two' }]);
  });

  test('takes nothing under a lease that is over (D1)', async ({ replica }) => {
    const first = await running(replica);
    await replica.write(first, aStep('one'));
    const second = await takenOver(replica, first);
    const late = await replica.write(first, aStep('two', { result: 'too late' }));
    expect(late).toMatchObject({ status: 409, body: { code: 'lease.lost' } });
    expect(stepsOf(await replica.read(first.runId))).toHaveLength(1);
    expect((await replica.write(second, aStep('two'))).status).toBe(200);
    expect(stepsOf(await replica.read(first.runId))[1]).toMatchObject({ result: 'two is done' });
  });

  test('waits for what takes its lease at the same moment, and then takes nothing (D1)', async ({
    replica,
    db,
    owner,
    tenant,
  }) => {
    const held = await running(replica);
    await using taking = await holdTransaction(db, [tenant.orgId], async (tx) => {
      await sql`delete from lease where run_id = ${held.runId}`.execute(tx);
    });
    const writing = replica.write(held, aStep('one'));
    await untilWaiting(owner);
    await taking.commit();
    expect((await writing).status).toBe(409);
    expect(stepsOf(await replica.read(held.runId))).toEqual([]);
  });

  test('is not written or read with the token of another run', async ({ replica }) => {
    const [one, other] = [await running(replica), await running(replica)];
    const astray = await replica.call('POST', `/api/v1/runs/${one.runId}/journal`, other.runToken, {
      steps: [aStep('one')],
    });
    expect(astray.status).toBe(409);
    expect((await replica.read(one.runId, '', other.runToken)).status).toBe(404);
    const read = await replica.call('POST', `/api/v1/runs/${one.runId}/journal`, 'write', {
      steps: [aStep('one')],
    });
    expect(read.status).toBe(403);
  });
});

describe('a finished step', () => {
  test('stays as it is, whatever is sent again (D2)', async ({ replica }) => {
    const held = await running(replica);
    await replica.write(held, aStep('one', { result: 1 }));
    await replica.write(held, aStep('one', { result: 2 }));
    await replica.write(held, aStep('one', { state: 'running', ended_at: undefined }));
    await replica.write(held, aStep('one', { state: 'retrying', ended_at: undefined }));
    expect(stepsOf(await replica.read(held.runId))).toMatchObject([
      { state: 'completed', result: 1, change: 1 },
    ]);
  });

  test('that has failed may be done again (D2)', async ({ replica }) => {
    const held = await running(replica);
    await replica.write(held, aStep('one', { state: 'failed', result: undefined, error: 'no' }));
    await replica.write(held, aStep('one', { result: 'too soon' }));
    await replica.write(held, aStep('one', { state: 'retrying', ended_at: undefined }));
    expect(stepsOf(await replica.read(held.runId))).toMatchObject([
      { state: 'retrying', error: 'no', ended_at: null },
    ]);
    await replica.write(held, aStep('one', { tries: 2 }));
    expect(stepsOf(await replica.read(held.runId))).toMatchObject([
      { state: 'completed', tries: 2, error: null, seq: 1, change: 4 },
    ]);
  });

  test('says when it has ended', async ({ replica }) => {
    const held = await running(replica);
    const answer = await replica.write(held, aStep('one', { ended_at: undefined }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });
});

test('what is said twice at once counts once, as it was said last', async ({ replica }) => {
  const held = await running(replica);
  const begun = aStep('one', { state: 'running', ended_at: undefined, result: undefined });
  await replica.write(held, begun, aStep('one'));
  expect(stepsOf(await replica.read(held.runId))).toMatchObject([{ state: 'completed' }]);
});

test('numbers grow in the order of the commits, also over two servers (D3)', async ({
  replicaWith,
  db,
  owner,
  tenant,
}) => {
  const key = createSecretKey(randomBytes(32));
  const [here, there] = [replicaWith({ key }), replicaWith({ key })];
  const held = await running(here);
  await here.write(held, aStep('one'));
  const runId = held.runId as RunId;
  const epoch = BigInt(held.epoch);
  const plain = { blobDigest: null, blobBytes: null, keyId: null, error: null, inputDigest: null };
  const step = { ...plain, name: 'two', ordinal: 0, kind: 'step', state: 'completed' } as const;
  const ended = { isFinal: false, tries: 1, startedAt: new Date(), endedAt: new Date() };
  const steps = [{ ...step, ...ended, result: '2' }];
  const orgId = tenant.orgId as OrganizationId;
  await using writing = await holdTransaction(db, [orgId], async (tx) => {
    await appendSteps(tx, [{ orgId, projectId: tenant.projectId, runId, epoch, steps }], 1_000);
  });
  const later = there.write(held, aStep('three'));
  await untilWaiting(owner);
  // Nothing of the third is to be seen before the second.
  expect(stepsOf(await there.read(held.runId)).map(({ name }) => name)).toEqual(['one']);
  await writing.commit();
  expect(await later).toMatchObject({ body: { change: 3 } });
  expect(stepsOf(await there.read(held.runId)).map(({ name }) => name)).toEqual([
    'one',
    'two',
    'three',
  ]);
});

test('a large result stands in the object store under its digest (D4)', async ({ replicaWith }) => {
  const key = createSecretKey(randomBytes(32));
  const folder = join(tmpdir(), `sagewai-journal-${process.pid}-${Date.now()}`);
  const replica = replicaWith({ key, folder, settings: { pageBytesMax: 30_000 } });
  const held = await running(replica);
  const large = 'x'.repeat(20_000);
  await replica.write(held, aStep('one', { result: large }), aStep('two', { result: large }));
  const first = await replica.read(held.runId);
  // A page ends where it is large enough.
  expect(first.body).toMatchObject({ is_end: false, next: 1 });
  expect(stepsOf(first)).toMatchObject([{ result: large }]);
  const [one] = stepsOf(first);
  const [two] = stepsOf(await replica.read(held.runId, '?after=1'));
  expect(two).toMatchObject({ result: large, result_digest: one?.['result_digest'] });
});

test('results and errors of an organization that encrypts are stored encrypted (D5)', async ({
  replica,
  db,
  tenant,
}) => {
  const on = await replica.call('POST', '/api/v1/fleet/encryption/enable', 'admin', {});
  expect(on.status).toBeLessThan(300);
  const held = await running(replica);
  const failed = { state: 'failed', result: undefined, error: 'the word is plover' };
  const large = `plover ${'x'.repeat(20_000)}`;
  await replica.write(
    held,
    aStep('small', { result: { word: 'plover' } }),
    aStep('large', { result: large }),
    aStep('failed', failed),
  );
  const rows = await inTenant(db, [tenant.orgId], (tx) =>
    readSteps(tx, { runId: held.runId as RunId, after: 0n, limit: 10 }),
  );
  expect(
    JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
  ).not.toContain('plover');
  expect(rows.every(({ keyId }) => keyId !== null)).toBe(true);
  const seen = stepsOf(await replica.read(held.runId));
  expect(seen[0]).toMatchObject({ result: { word: 'plover' } });
  expect(seen[1]).toMatchObject({ result: large });
  expect(seen[2]).toMatchObject({ error: 'the word is plover' });
});

test('a run writes so much and no more', async ({ replicaWith }) => {
  const replica = replicaWith({ settings: { changesPerRunMax: 2 } });
  const held = await running(replica);
  expect((await replica.write(held, aStep('one'), aStep('two'))).status).toBe(200);
  expect((await replica.write(held, aStep('three'))).status).toBe(413);
});

test('what was journaled is in the audit log, one entry a group commit', async ({
  replica,
  db,
  tenant,
}) => {
  const held = await running(replica);
  await replica.write(held, aStep('one'), aStep('two'));
  const rows = await inTenant(db, [tenant.orgId], async (tx) => {
    const found = await sql<{ count: number }>`
      select count(*)::int as count from audit_entry where action = 'run.steps'
    `.execute(tx);
    return found.rows;
  });
  expect(rows).toEqual([{ count: 1 }]);
});
