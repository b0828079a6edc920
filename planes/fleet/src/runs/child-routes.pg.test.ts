import { newId } from '@sagewai/crypto';
import { sql } from '@sagewai/postgres';
import { makeTenant, type Tenant } from '@sagewai/testing';
import type { PicoUsd, ReservationId, RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import type { Answer, FleetFixture, FixtureLease } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

interface Child {
  readonly id: string;
  readonly state: string;
  readonly parent_run_id: string;
  readonly depth: number;
  readonly output: unknown;
  readonly cost_usd: string;
}

const submitUnder = (
  replica: FleetFixture,
  as: string,
  body: Record<string, unknown> = {},
  path = '/api/v1/runs',
): Promise<Answer> => replica.call('POST', path, { as, body: { payload: {}, ...body } });

const childrenOf = async (replica: FleetFixture, id: string, query = '', as = 'read') => {
  const { status, body } = await replica.call('GET', `/api/v1/runs/${id}/children${query}`, { as });
  expect(status).toBe(200);
  return body as unknown as {
    children: Child[];
    tree: Record<string, unknown>;
    next_cursor: string | null;
  };
};

async function claimOne(
  replica: FleetFixture,
): Promise<{ lease: FixtureLease; done: () => Promise<Answer> }> {
  const worker = await replica.worker();
  const [lease] = (await replica.claim(worker, { slots: 1 })) as [FixtureLease];
  const { run_id, epoch } = lease;
  const report = { run_id, epoch, status: 'completed', output: { said: run_id } };
  return { lease, done: () => replica.report(worker, report) };
}

test('a run submits under itself with its token, and sees its children and what they cost', async ({
  replica,
  tenant,
}) => {
  const root = await replica.submit();
  const { lease } = await claimOne(replica);
  const token = lease.run_token;
  const { status, body } = await submitUnder(replica, token, { on_parent_end: 'cancel' });
  expect(status).toBe(201);
  const id = String(body['id']);
  const { done } = await claimOne(replica);
  expect((await done()).status).toBe(200);
  await spend(replica, tenant, id);

  const seen = await childrenOf(replica, root, '', token);
  expect(seen).toMatchObject({
    children: [
      {
        id,
        state: 'completed',
        parent_run_id: root,
        root_run_id: root,
        depth: 1,
        on_parent_end: 'cancel',
        output: { said: id },
        cost_usd: '0.25',
        calls: 1,
      },
    ],
    tree: {
      runs: 2,
      unfinished: 0,
      cost_usd: '0.25',
      input_tokens: 10,
      output_tokens: 5,
      calls: 1,
    },
    next_cursor: null,
  });
  const { body: other } = await replica.call('GET', `/api/v1/fleet/tasks/${root}/children`, {
    as: 'read',
  });
  expect(other).toEqual(seen);
  const { body: detail } = await replica.call('GET', `/api/v1/runs/${id}`, { as: 'read' });
  expect(detail).toMatchObject({ parent_run_id: root, depth: 1 });
  const { body: task } = await replica.call('GET', `/api/v1/fleet/tasks/${id}`, { as: 'read' });
  expect(task).toMatchObject({ parent_run_id: root });
});

test('a run token submits under its own run alone, reads nothing else, and dies with the lease', async ({
  replica,
}) => {
  const other = await replica.submit({ pool: 'nobody' });
  const root = await replica.submit();
  const { lease, done } = await claimOne(replica);
  const as = lease.run_token;
  expect(await submitUnder(replica, as, { parent_run_id: other })).toMatchObject({
    status: 403,
    body: { code: 'caller.forbidden' },
  });
  const under = await submitUnder(replica, as, { parent_run_id: root }, '/api/v1/fleet/tasks');
  expect(under.status).toBe(201);
  for (const [method, path] of [
    ['GET', `/api/v1/runs/${other}/children`],
    ['GET', `/api/v1/runs/${root}`],
    ['GET', '/api/v1/runs'],
    ['POST', `/api/v1/runs/${root}/cancel`],
    ['POST', `/api/v1/fleet/dead-letters/${root}/redrive`],
    ['GET', '/api/v1/seal-recipients'],
  ] as const) {
    expect([path, (await replica.call(method, path, { as })).status]).toEqual([path, 403]);
  }
  await done();
  expect(await submitUnder(replica, as)).toMatchObject({
    status: 409,
    body: { code: 'lease.lost' },
  });
});

test('anybody who may submit names a parent; what cannot be says why', async ({
  replica,
  replicaWith,
}) => {
  const root = await replica.submit();
  const id = await replica.submit({ parent_run_id: root });
  const bounded = replicaWith({ settings: { childDepthMax: 1, childrenMax: 2 } });
  const refused = async (parent: string): Promise<unknown[]> => {
    const { status, body } = await submitUnder(bounded, 'write', { parent_run_id: parent });
    return [status, body['code'], body['detail']];
  };
  expect(await refused(id)).toEqual([
    409,
    'state.conflict',
    'parent_run_id: runs stand at most 1 deep under the first.',
  ]);
  await replica.submit({ parent_run_id: root });
  expect(await refused(root)).toEqual([
    409,
    'state.conflict',
    'parent_run_id: at most 2 runs may be submitted under one, however deep.',
  ]);
  expect(await refused('0199bbbb-0000-7000-8000-000000000001')).toEqual([
    404,
    'resource.missing',
    'parent_run_id: the project has no such run.',
  ]);
  await replica.call('POST', `/api/v1/runs/${root}/cancel`, { as: 'write' });
  expect(await refused(root)).toEqual([
    409,
    'state.conflict',
    'parent_run_id: that run is over, or was asked to stop.',
  ]);
  expect(await replica.state(id)).toBe('cancelled');
});

test('the same key with another parent is another request', async ({ replica }) => {
  const [one, two] = [await replica.submit(), await replica.submit()];
  const keyed = (parent?: string) =>
    submitUnder(replica, 'write', {
      idempotency_key: 'k',
      ...(parent === undefined ? {} : { parent_run_id: parent }),
    });
  const first = await keyed(one);
  expect(await keyed(one)).toMatchObject({
    status: 201,
    body: { id: first.body['id'], created: false },
  });
  expect((await keyed(two)).status).toBe(409);
  expect((await keyed()).status).toBe(409);
});

test('children come in pages, one level or all', async ({ replica }) => {
  const root = await replica.submit();
  const first = await replica.submit({ parent_run_id: root });
  const second = await replica.submit({ parent_run_id: root });
  const deep = await replica.submit({ parent_run_id: first });
  const idsOf = ({ children }: { children: Child[] }): string[] => children.map(({ id }) => id);
  expect(idsOf(await childrenOf(replica, root))).toEqual([first, second]);
  const page = await childrenOf(replica, root, '?tree=true&limit=2');
  expect(idsOf(page)).toEqual([first, second]);
  expect(page.tree).toMatchObject({ runs: 4, unfinished: 3 });
  const rest = await childrenOf(replica, root, `?tree=true&limit=2&cursor=${page.next_cursor}`);
  expect([idsOf(rest), rest.next_cursor]).toEqual([[deep], null]);
});

test('the children of another organization’s run are not there', async ({
  replica,
  replicaWith,
  db,
}) => {
  const root = await replica.submit();
  await replica.submit({ parent_run_id: root });
  const stranger = replicaWith({ tenant: await makeTenant(db) });
  const { status } = await stranger.call('GET', `/api/v1/runs/${root}/children`, { as: 'read' });
  expect(status).toBe(404);
  expect((await submitUnder(stranger, 'write', { parent_run_id: root })).status).toBe(404);
});

test('a schedule has no parent', async ({ replica, owner }) => {
  const root = await replica.submit();
  const { status, body } = await replica.call('POST', '/api/v1/schedules', {
    as: 'write',
    body: { name: 's', cron: '* * * * *', submission: { payload: {}, parent_run_id: root } },
  });
  if (status === 201) {
    await replica.call('POST', `/api/v1/schedules/${String(body['id'])}/trigger`, { as: 'write' });
  }
  expect((await sql`select from run_child`.execute(owner)).rowCount).toBe(0);
});

test('jobs follow the ends of parents and of children', async ({ replica }) => {
  const root = await replica.submit();
  const { lease, done } = await claimOne(replica);
  const bound = await submitUnder(replica, lease.run_token, { on_parent_end: 'cancel' });
  await done();
  await replica.run('fleet.follow-parents');
  expect(await replica.state(String(bound.body['id']))).toBe('cancelled');

  const waiting = await replica.submit();
  const worker = await replica.worker();
  const [held] = (await replica.claim(worker, { slots: 1 })) as [FixtureLease];
  await submitUnder(replica, held.run_token);
  const begun = await replica.call('POST', `/api/v1/fleet/runs/${waiting}/wait`, {
    as: worker.token,
    body: { epoch: held.epoch, for: 'children', name: 'all' },
  });
  expect(begun).toMatchObject({ status: 200, body: { state: 'waiting' } });
  const why = await replica.call('GET', `/api/v1/runs/${waiting}/placement`, { as: 'read' });
  expect(JSON.stringify(why.body)).toContain('waits for its children');
  const [child] = (await replica.claim(worker, { slots: 1 })) as [FixtureLease];
  const { run_id, epoch } = child;
  await replica.report(worker, { run_id, epoch, status: 'completed' });
  await replica.run('fleet.end-child-waits');
  expect(await replica.state(waiting)).toBe('queued');
  const [again] = await replica.claim(worker, { slots: 1 });
  expect(again).toMatchObject({ run_id: waiting, attempt: 1, resume: { kind: 'children' } });
  expect(root).not.toBe(waiting);
});

/** One settled call. */
async function spend(
  replica: FleetFixture,
  { orgId, projectId }: Tenant,
  runId: string,
): Promise<void> {
  const id = newId<ReservationId>();
  await replica.ledger.reserve({
    id,
    orgId,
    projectId,
    runId: runId as RunId,
    model: 'm',
    deployment: 'd',
    price: null,
    inputTokensMax: 10,
    outputTokens: 5,
    mayCap: false,
    expiresInMs: 60_000,
  });
  await replica.ledger.settle({
    id,
    orgId,
    costPusd: 250_000_000_000n as PicoUsd,
    inputTokens: 10,
    outputTokens: 5,
    usageSource: 'provider',
    status: 'ok',
  });
}
