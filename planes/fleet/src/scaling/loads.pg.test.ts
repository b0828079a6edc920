import { inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { claimRuns, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, requestOf } from '../queue-fixture.ts';
import { readHead, readPoolWorkers, readWorkersAndHead, rememberTurns } from './loads.sql.ts';

describe('readPoolWorkers', () => {
  test('counts leases, knows the last one, and leaves out who is silent or not approved', async ({
    db,
    owner,
  }) => {
    const here = await makePlace(db, await makeTenant(db));
    const { orgId } = here.tenant;
    const read = () =>
      inTenant(db, [orgId], (tx) =>
        readPoolWorkers(tx, { orgId, pool: 'default', heardMs: 60_000 }),
      );
    expect(await read()).toEqual([
      {
        id: here.workerId,
        name: 'w',
        num: here.num,
        projectId: null,
        models: [],
        labels: {},
        version: null,
        ramp: null,
        max: 1,
        active: 0,
        lastEpoch: 0n,
      },
    ]);
    await submitRuns(db, [newRun(here), newRun(here)]);
    const leases = await claimRuns(db, requestOf(here));
    const last = leases.reduce((max, { epoch }) => (epoch > max ? epoch : max), 0n);
    expect(await read()).toMatchObject([{ active: 2, lastEpoch: last }]);
    await submitRuns(db, [newRun(here), newRun(here)]);
    const both = await inTenant(db, [orgId], (tx) =>
      readWorkersAndHead(
        tx,
        { orgId, pool: 'default', heardMs: 60_000 },
        { line: { sq: here.sq, prio: 0 }, limit: 1 },
      ),
    );
    expect(both).toMatchObject({ workers: [{ num: here.num, active: 2 }] });
    expect(both.head).toEqual(await readHead(db, { sq: here.sq, prio: 0 }, 1));
    expect(both.head).toHaveLength(1);
    await rememberTurns(db, new Map([[here.num, last + 5n]]));
    await rememberTurns(db, new Map([[here.num, last + 1n]]));
    expect(await read()).toMatchObject([{ lastEpoch: last + 5n }]);
    const foreign = await makeTenant(db);
    const other = { orgId: foreign.orgId, pool: 'default', heardMs: 60_000 };
    expect(await inTenant(db, [foreign.orgId], (tx) => readPoolWorkers(tx, other))).toEqual([]);
    await sql`update worker_session set last_seen_at = now() - interval '2 minutes'`.execute(owner);
    expect(await read()).toEqual([]);
    await sql`update worker_session set last_seen_at = now(), state = 'revoked'`.execute(owner);
    expect(await read()).toEqual([]);
  });
});

describe('readHead', () => {
  test('is the first runs of one line, in order, and costs no more than they (F4)', async ({
    db,
    owner,
  }) => {
    const here = await makePlace(db, await makeTenant(db));
    await sql`
      insert into ready (sq, prio, seq, run_id, attempt)
      select ${here.sq} + n % 3, n % 2, n, gen_random_uuid(), 0 from generate_series(1, 30000) as n
    `.execute(owner);
    const head = await readHead(db, { sq: here.sq, prio: 0 }, 3);
    expect(head).toEqual([6n, 12n, 18n]);
    const { rows } = await sql<Record<string, string>>`
      explain (analyze, costs off, timing off, summary off)
      select seq from ready where sq = ${here.sq} and prio = 0 order by seq limit 3
    `.execute(owner);
    const plan = rows.map((row) => Object.values(row)[0]).join('\n');
    expect(plan).not.toMatch(/Seq Scan|Sort|rows=\d{3,}/);
  });
});
