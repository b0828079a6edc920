import { newId } from '@sagewai/crypto';
import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';
import {
  databaseTest as alone,
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { reportRuns } from '../dispatch/leases.sql.ts';
import {
  cancelTrees,
  type ClaimAnswer,
  claimRuns,
  expireRuns,
  releaseScheduled,
  submitRuns,
} from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import { dropRuns } from '../retention/retention.sql.ts';
import { beginWaits, findWait } from '../waits/waits.sql.ts';
import {
  belowOf,
  endChildWaits,
  followParents,
  listChildIds,
  readTree,
  recordBelow,
} from './children.sql.ts';
import type { NewRun, ParentWish } from './run.ts';
import { findRun, readRuns, readStates } from './runs.sql.ts';

const HOUR_MS = 3_600_000;

type Wish = Partial<ParentWish>;

const childOf = (
  place: Place,
  id: RunId,
  { wish, ...of }: Partial<NewRun> & { wish?: Wish } = {},
): NewRun =>
  newRun(place, {
    ...of,
    plan: {
      ...of.plan,
      parent: { id, on_end: 'continue', depth_max: 8, children_max: 1_000, ...wish },
    },
  });

const submit = async (db: Executor, ...runs: NewRun[]): Promise<string[]> =>
  (await submitRuns(db, runs)).map(({ how }) => how);

const here = async (db: Db): Promise<Place> => makePlace(db, await makeTenant(db));

/** A run without a parent, and a chain of children under it. */
async function chain(db: Db, place: Place, length: number, of: Partial<NewRun> = {}) {
  const root = newRun(place, of);
  await submitRuns(db, [root]);
  const chained = [root];
  for (let n = 1; n < length; n += 1) {
    const parent = chained.at(-1) as NewRun;
    const child = childOf(place, parent.runId);
    expect(await submit(db, child)).toEqual(['new']);
    chained.push(child);
  }
  return chained;
}

async function statesOf(
  db: Db,
  place: Place,
  runs: readonly { readonly runId: RunId }[],
): Promise<string[]> {
  const ids = runs.map(({ runId }) => runId);
  const seen = await inTenant(db, [place.tenant.orgId], (tx) => readStates(tx, ids));
  const stateOf = new Map(seen.map(({ runId, state }) => [runId, state as string]));
  return ids.map((id) => stateOf.get(id) ?? 'nowhere');
}

const cancel = (db: Db, place: Place, ...ids: RunId[]) =>
  inTenant(db, [place.tenant.orgId], (tx) => cancelTrees(tx, ids));

const reportOf = (
  { tenant, num }: Place,
  { runId, epoch }: Pick<ClaimAnswer, 'runId' | 'epoch'>,
) => ({
  runId,
  epoch,
  orgId: tenant.orgId,
  workerNum: num,
  sessionEpoch: 1n,
  status: 'completed' as const,
  output: null,
  error: null,
  retry: false,
  errorClass: null,
  deadLetter: false,
});

describe('a child', () => {
  test('knows its parent, its root and its depth; a run without a parent has no row', async ({
    db,
    owner,
  }) => {
    const place = await here(db);
    const [root, child, grandchild] = await chain(db, place, 3);
    await inTenant(db, [place.tenant.orgId], async (tx) => {
      expect(await findRun(tx, grandchild?.runId as RunId)).toMatchObject({
        parentRunId: child?.runId,
        rootRunId: root?.runId,
        depth: 2,
        onParentEnd: 'continue',
      });
      expect(await findRun(tx, root?.runId as RunId)).toMatchObject({
        parentRunId: null,
        rootRunId: null,
        depth: 0,
      });
      const of = { of: root?.runId as RunId, limit: 5 };
      expect(await listChildIds(tx, { ...of, tree: false })).toEqual([child?.runId]);
      const all = await listChildIds(tx, { ...of, tree: true });
      expect(all).toEqual([child?.runId, grandchild?.runId]);
      expect(await listChildIds(tx, { ...of, tree: true, cursor: child?.runId })).toEqual([
        grandchild?.runId,
      ]);
      expect((await readRuns(tx, all)).map(({ runId }) => runId)).toEqual(all);
      expect(await readTree(tx, root?.runId as RunId)).toHaveLength(2);
    });
    await submit(db, newRun(place));
    expect((await sql`select from run_child`.execute(owner)).rowCount).toBe(2);
    expect((await sql`select from run_tree`.execute(owner)).rowCount).toBe(1);
  });

  alone('is of the organization and project of its parent (C1)', async ({ db, owner }) => {
    const place = await here(db);
    const [root] = await chain(db, place, 1);
    const stranger = await here(db);
    const id = root?.runId as RunId;
    expect(await submit(db, childOf(stranger, id, { idempotencyKey: 'k' }))).toEqual(['missing']);
    // Of the same organization, and another project.
    const { rows } = await sql<{ id: string }>`
      insert into project (id, org_id, name)
      select gen_random_uuid(), org_id, 'other' from project where id = ${place.tenant.projectId}
      returning id
    `.execute(owner);
    const projectId = rows[0]?.id as NewRun['projectId'];
    expect(await submit(db, childOf(place, id, { projectId }))).toEqual(['missing']);
    expect(await submit(db, childOf(place, newId<RunId>()))).toEqual(['missing']);
    expect((await sql`select from run`.execute(owner)).rowCount).toBe(1);
    expect((await sql`select from run_key`.execute(owner)).rowCount).toBe(0);
    const seen = await inTenant(db, [stranger.tenant.orgId], (tx) => readTree(tx, id));
    expect(seen).toEqual([]);
  });

  test('is not submitted under what is over, or was asked to stop (C1)', async ({ db }) => {
    const place = await here(db);
    const [waiting, running, done] = [newRun(place), newRun(place), newRun(place)];
    await submitRuns(db, [running, done]);
    const leases = await claimRuns(db, requestOf(place));
    await submitRuns(db, [waiting]);
    await reportRuns(db, [reportOf(place, leases[1] as ClaimAnswer)], 0);
    expect(await submit(db, childOf(place, done.runId))).toEqual(['ended']);
    await cancel(db, place, running.runId, waiting.runId);
    expect(await submit(db, childOf(place, running.runId))).toEqual(['ended']);
    expect(await submit(db, childOf(place, waiting.runId))).toEqual(['ended']);
  });

  test('is submitted by a run only under its own lease (F1)', async ({ db }) => {
    const place = await here(db);
    const [root] = await chain(db, place, 1);
    const id = root?.runId as RunId;
    expect(await submit(db, childOf(place, id, { wish: { epoch: 1 } }))).toEqual(['lost']);
    const [lease] = await claimRuns(db, requestOf(place));
    const epoch = Number(lease?.epoch);
    const stale = childOf(place, id, { wish: { epoch: epoch - 1 } });
    expect(await submit(db, stale)).toEqual(['lost']);
    expect(await submit(db, childOf(place, id, { wish: { epoch } }))).toEqual(['new']);
  });

  test('has no later deadline than its parent (C4)', async ({ db }) => {
    const place = await here(db);
    const deadline = new Date(Date.now() + HOUR_MS);
    const [root] = await chain(db, place, 1, { deadline });
    const id = root?.runId as RunId;
    const none = childOf(place, id);
    const later = childOf(place, id, { deadline: new Date(Date.now() + 2 * HOUR_MS) });
    const earlier = childOf(place, id, { deadline: new Date(Date.now() + 1_000) });
    expect(await submit(db, none, later, earlier)).toEqual(['new', 'new', 'new']);
    await inTenant(db, [place.tenant.orgId], async (tx) => {
      expect((await findRun(tx, none.runId))?.deadline).toEqual(deadline);
      expect((await findRun(tx, later.runId))?.deadline).toEqual(deadline);
      expect((await findRun(tx, earlier.runId))?.deadline).toEqual(earlier.deadline);
    });
  });

  alone(
    'of a key that was used is the earlier one, also when its parent is over',
    async ({ db, owner }) => {
      const place = await here(db);
      const [root] = await chain(db, place, 1);
      const again = () =>
        childOf(place, root?.runId as RunId, { idempotencyKey: 'k', wish: { children_max: 1 } });
      expect(await submit(db, again(), again())).toEqual(['new', 'same']);
      await cancel(db, place, root?.runId as RunId);
      expect(await submit(db, again())).toEqual(['same']);
      expect((await sql`select from run_child`.execute(owner)).rowCount).toBe(1);
    },
  );

  test('is put off, and queued when it is due', async ({ db }) => {
    const place = await here(db);
    const [root] = await chain(db, place, 1);
    const child = childOf(place, root?.runId as RunId, { plan: { delay_ms: 1 } });
    expect(await submit(db, child)).toEqual(['new']);
    await expect.poll(() => releaseScheduled(db, 5)).toMatchObject([{ runs: 1 }]);
  });
});

describe('a tree', () => {
  alone('is no deeper than it may be (C3)', async ({ db, owner }) => {
    const place = await here(db);
    const [, child] = await chain(db, place, 2);
    const wish = { depth_max: 1 };
    const deep = childOf(place, child?.runId as RunId, { wish, idempotencyKey: 'k' });
    expect(await submit(db, deep, newRun(place))).toEqual(['deep', 'new']);
    expect((await sql`select from run_key`.execute(owner)).rowCount).toBe(0);
    expect(await submit(db, { ...deep, plan: childOf(place, child?.runId as RunId).plan })).toEqual(
      ['new'],
    );
  });

  alone('has no more children than it may, over all its levels (C3)', async ({ db, owner }) => {
    const place = await here(db);
    const [root, child] = await chain(db, place, 2);
    const wish = { children_max: 3 };
    const under = (id: RunId): NewRun => childOf(place, id, { wish });
    const roots = root?.runId as RunId;
    const hows = await submit(
      db,
      under(child?.runId as RunId),
      under(roots),
      under(roots),
      under(child?.runId as RunId),
    );
    expect(hows).toEqual(['new', 'new', 'many', 'many']);
    const { rows } = await sql<{ children: number }>`select children from run_tree`.execute(owner);
    expect(rows).toEqual([{ children: 3 }]);
  });

  test('has no more although two submissions meet (C3)', async ({ db, owner }) => {
    const place = await here(db);
    const [root] = await chain(db, place, 2);
    const one = (): NewRun => childOf(place, root?.runId as RunId, { wish: { children_max: 2 } });
    await using first = await holdTransaction(db, [place.tenant.orgId], (tx) => submit(tx, one()));
    const second = submit(db, one());
    await untilWaiting(owner);
    await first.commit();
    expect(first.output).toEqual(['new']);
    expect(await second).toEqual(['many']);
  });
});

describe('a cancellation', () => {
  test('ends all that is under a run and not over, and records it (C2)', async ({ db, owner }) => {
    const place = await here(db);
    const tree = await chain(db, place, 4);
    const [, child, third] = tree;
    const sibling = childOf(place, tree[0]?.runId as RunId);
    const other = newRun(place);
    await submit(db, sibling, other);
    const leases = await claimRuns(db, requestOf(place, { slots: 3 }));
    expect(leases.map(({ runId }) => runId)).toContain(child?.runId);
    await reportRuns(db, [reportOf(place, leases[2] as ClaimAnswer)], 0);
    const below = await inTenant(db, [place.tenant.orgId], async (tx) => {
      const cancelled = await cancelTrees(tx, [child?.runId as RunId]);
      await recordBelow(tx, belowOf(cancelled));
      return cancelled;
    });
    expect(below).toEqual([
      { runId: child?.runId, how: 'requested', below: false },
      { runId: third?.runId, how: 'ended', below: true },
      { runId: tree[3]?.runId, how: 'cancelled', below: true },
    ]);
    expect(await statesOf(db, place, [...tree, sibling, other])).toEqual([
      'running',
      'running',
      'completed',
      'cancelled',
      'queued',
      'queued',
    ]);
    const { rows } = await sql<{ details: string }>`
      select details::text from audit_entry where action = 'run.cancelled_below'
    `.execute(owner);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.details).toContain(`"ids" : "${tree[3]?.runId}"`);
  });

  test('of what is over ends what is still under it (C2)', async ({ db }) => {
    const place = await here(db);
    const root = newRun(place);
    await submitRuns(db, [root]);
    const [lease] = await claimRuns(db, requestOf(place));
    const child = childOf(place, root.runId);
    await submit(db, child);
    await reportRuns(db, [reportOf(place, lease as ClaimAnswer)], 0);
    expect(await statesOf(db, place, [child])).toEqual(['queued']);
    expect(await cancel(db, place, root.runId)).toMatchObject([
      { how: 'ended', below: false },
      { how: 'cancelled', below: true },
    ]);
  });

  test('is of one organization', async ({ db }) => {
    const place = await here(db);
    const tree = await chain(db, place, 2);
    const stranger = await here(db);
    expect(await cancel(db, stranger, tree[0]?.runId as RunId)).toEqual([]);
    expect(await statesOf(db, place, tree)).toEqual(['queued', 'queued']);
  });

  test.for(['queued', 'put off', 'running', 'waiting'] as const)(
    'meets a submission under a run that is %s: the child does not escape (C2)',
    async (where, { db, owner }) => {
      const place = await here(db);
      const root = newRun(place, where === 'put off' ? { plan: { delay_ms: HOUR_MS } } : {});
      await submitRuns(db, [root]);
      if (where === 'running' || where === 'waiting') {
        const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
        if (where === 'waiting') await beginWaits(db, [waitOf(place, lease)]);
      }
      // The child is stored and not committed: nobody sees it yet.
      const child = childOf(place, root.runId);
      await using submitting = await holdTransaction(db, [place.tenant.orgId], (tx) =>
        submit(tx, child),
      );
      const cancelling = cancel(db, place, root.runId);
      await untilWaiting(owner);
      await submitting.commit();
      expect(submitting.output).toEqual(['new']);
      expect((await cancelling).map(({ runId }) => runId)).toEqual([root.runId, child.runId]);
      expect(await statesOf(db, place, [child])).toEqual(['cancelled']);

      // The other way round: the cancellation is not committed yet.
      const second = newRun(place);
      await submitRuns(db, [second]);
      if (where === 'running') await claimRuns(db, requestOf(place));
      await using first = await holdTransaction(db, [place.tenant.orgId], (tx) =>
        cancelTrees(tx, [second.runId]),
      );
      const late = submit(db, childOf(place, second.runId));
      await untilWaiting(owner);
      await first.commit();
      expect(await late).toEqual(['ended']);
    },
  );

  test('meets a submission two levels below: the grandchild does not escape (C2)', async ({
    db,
    owner,
  }) => {
    const place = await here(db);
    const [root, child] = await chain(db, place, 2);
    const grandchild = childOf(place, child?.runId as RunId);
    await using submitting = await holdTransaction(db, [place.tenant.orgId], (tx) =>
      submit(tx, grandchild),
    );
    const cancelling = cancel(db, place, root?.runId as RunId);
    await untilWaiting(owner);
    await submitting.commit();
    await cancelling;
    expect(await statesOf(db, place, [grandchild])).toEqual(['cancelled']);
  });
});

const waitOf = (place: Place, { runId, epoch }: Pick<ClaimAnswer, 'runId' | 'epoch'>) => ({
  runId,
  epoch,
  orgId: place.tenant.orgId,
  workerNum: place.num,
  sessionEpoch: 1n,
  kind: 'children' as const,
  name: 'all',
  prompt: null,
  timeoutMs: HOUR_MS,
});

describe('the end of a parent', () => {
  test('cancels the children that are to end with it, with all under them, and no others', async ({
    db,
    owner,
  }) => {
    const place = await here(db);
    const root = newRun(place);
    await submitRuns(db, [root]);
    const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
    const bound = childOf(place, root.runId, { wish: { on_end: 'cancel' } });
    const free = childOf(place, root.runId);
    await submit(db, bound, free);
    const under = childOf(place, bound.runId);
    await submit(db, under);
    expect(await followParents(db, 10)).toEqual([]);
    await reportRuns(db, [reportOf(place, lease)], 0);
    expect(await followParents(db, 10)).toEqual([bound.runId, under.runId]);
    expect(await statesOf(db, place, [bound, free, under])).toEqual([
      'cancelled',
      'queued',
      'cancelled',
    ]);
    expect(await followParents(db, 10)).toEqual([]);
    expect((await sql`select from bound_parent`.execute(owner)).rowCount).toBe(0);
  });

  test('that meets a submission waits for it, so that the child is found', async ({
    db,
    owner,
  }) => {
    const place = await here(db);
    const root = newRun(place);
    await submitRuns(db, [root]);
    const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
    const bound = childOf(place, root.runId, { wish: { on_end: 'cancel' } });
    await using submitting = await holdTransaction(db, [place.tenant.orgId], (tx) =>
      submit(tx, bound),
    );
    const reporting = reportRuns(db, [reportOf(place, lease)], 0);
    await untilWaiting(owner);
    expect(await followParents(db, 10)).toEqual([]);
    await submitting.commit();
    expect(await reporting).toMatchObject([{ how: 'ok' }]);
    expect(await followParents(db, 10)).toEqual([bound.runId]);
  });

  alone('by its deadline is the end of its children (C4)', async ({ db, owner }) => {
    const place = await here(db);
    const [root] = await chain(db, place, 1, { deadline: new Date(Date.now() + HOUR_MS) });
    const child = childOf(place, root?.runId as RunId);
    await submit(db, child);
    await sql`update run_deadline set due_at = app_now()`.execute(owner);
    expect(await expireRuns(db, 10)).toHaveLength(2);
    expect(await statesOf(db, place, [child])).toEqual(['failed']);
  });
});

describe('a run that waits for its children', () => {
  test('holds no lease, and goes on when none is left', async ({ db }) => {
    const place = await here(db);
    const root = newRun(place);
    await submitRuns(db, [root]);
    const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
    const child = childOf(place, root.runId);
    await submit(db, child);
    expect(await beginWaits(db, [waitOf(place, lease)])).toMatchObject([{ how: 'waiting' }]);
    await inTenant(db, [place.tenant.orgId], async (tx) => {
      expect(await findWait(tx, root.runId)).toMatchObject({ kind: 'children', name: 'all' });
    });
    expect(await endChildWaits(db, 10)).toEqual([]);
    const [childLease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
    expect(childLease.runId).toBe(child.runId);
    await reportRuns(db, [reportOf(place, childLease)], 0);
    expect(await endChildWaits(db, 10)).toMatchObject([{ runId: root.runId, sq: place.sq }]);
    expect(await endChildWaits(db, 10)).toEqual([]);
    const [again] = await claimRuns(db, requestOf(place));
    expect(again).toMatchObject({ runId: root.runId, attempt: 1 });
    expect(JSON.parse(again?.resume ?? '')).toEqual({
      kind: 'children',
      name: 'all',
      value: null,
      by: null,
    });
  });

  test('that is cancelled meanwhile is not queued again (W2)', async ({ db, owner }) => {
    const place = await here(db);
    await submitRuns(db, [newRun(place)]);
    const [lease] = (await claimRuns(db, requestOf(place))) as [ClaimAnswer];
    await beginWaits(db, [waitOf(place, lease)]);
    await using cancelling = await holdTransaction(db, [place.tenant.orgId], (tx) =>
      cancelTrees(tx, [lease.runId]),
    );
    const ending = endChildWaits(db, 10);
    await untilWaiting(owner);
    await cancelling.commit();
    expect(await ending).toEqual([]);
    expect(await statesOf(db, place, [lease])).toEqual(['cancelled']);
  });
});

alone('what is known of a child is dropped with it (R1)', async ({ db, owner, dispatch }) => {
  const place = await here(db);
  const tree = await chain(db, place, 2);
  await cancel(db, place, tree[0]?.runId as RunId);
  const { orgId } = place.tenant;
  await expect
    .poll(() => dropRuns(dispatch, { orgId, projectId: null, retentionMs: 0, limit: 10 }))
    .toBe(2);
  expect((await sql`select from run_child`.execute(owner)).rowCount).toBe(0);
  expect((await sql`select from run_tree`.execute(owner)).rowCount).toBe(0);
});
