import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { chooseWorkflow } from './choose-workflow.ts';
import type { DecisionFixture } from './decision-fixture.ts';
import { decisionTest as test } from './decision-test.ts';
import { insertNamedRun, listWorkflowRows } from './workflows.sql.ts';

const SCHEMA = {
  type: 'object',
  properties: { item: { type: 'string' }, cents: { type: 'integer', minimum: 1 } },
  required: ['item', 'cents'],
  additionalProperties: false,
};
const TEA = { item: 'tea', cents: 500 };

const tell = (replica: DecisionFixture, worker: string, ...workflows: object[]) =>
  replica.call('PUT', '/api/v1/fleet/workflows', worker, { workflows });
const submit = (replica: DecisionFixture, name: string, body: object, as = 'write') =>
  replica.call('POST', `/api/v1/workflows/${encodeURIComponent(name)}/runs`, as, body);

test('a workflow that a worker has is submitted to by name, checked before it is stored', async ({
  replica,
}) => {
  const worker = await replica.worker({ body: JSON.stringify({ pool: 'orders' }) });
  expect(await tell(replica, worker, { name: 'order', input_schema: SCHEMA })).toMatchObject({
    status: 200,
    body: { unused_schemas: [] },
  });
  const wrong = await submit(replica, 'order', { input: { item: 'tea', cents: 0, colour: 'x' } });
  expect(wrong).toMatchObject({
    status: 422,
    body: { code: 'workflow.input', errors: expect.any(Array) },
  });
  const { errors } = wrong.body as unknown as { errors: { path: string }[] };
  expect(errors[0]?.path).toMatch(/^\/input/);
  const made = await submit(replica, 'order', { input: TEA });
  // Where its workers are, unless said.
  expect(made).toMatchObject({
    status: 201,
    body: { workflow: 'order', created: true, pool: 'orders' },
  });
  const { runId } = await replica.claim(worker);
  expect(runId).toBe(made.body['id']);
  const run = await replica.call('GET', `/api/v1/runs/${runId}`, 'read');
  expect(run.body).toMatchObject({ payload: { workflow: 'order', input: TEA } });
  const history = await replica.call('GET', '/api/v1/workflows/order/runs', 'read');
  expect(history.body).toMatchObject({
    runs: [{ id: runId, state: 'running' }],
    next_cursor: null,
  });
  const unknown = await submit(replica, 'ordre', { input: TEA });
  expect(unknown).toMatchObject({
    status: 404,
    body: { detail: expect.stringContaining('order') },
  });
  const asked = await replica.call('GET', '/api/v1/workflows/ordre', 'read');
  expect(asked).toMatchObject({
    status: 404,
    body: { detail: 'There is no such workflow; known: order.' },
  });
});

test('a worker without the scope of heartbeats cannot say what it has', async ({ replica }) => {
  await replica.worker();
  const listed = await replica.call('GET', '/api/v1/fleet/workers', 'admin');
  const [{ id } = { id: '' }] = listed.body['workers'] as { id: string }[];
  const { body } = await replica.call('POST', `/api/v1/fleet/workers/${id}/tokens`, 'admin', {
    scopes: ['claim', 'report'],
  });
  expect(await tell(replica, String(body['token']), { name: 'order' })).toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining('heartbeat') },
  });
});

test('the same submission twice is one run, and one line of the history (W3)', async ({
  replica,
  db,
  tenant,
}) => {
  await tell(replica, await replica.worker(), { name: 'order' });
  const body = { input: TEA, idempotency_key: 'once' };
  const first = await submit(replica, 'order', body);
  const second = await submit(replica, 'order', body);
  expect(second.body).toMatchObject({ id: first.body['id'], created: false });
  // As a server leaves it that died between the name and the run.
  const runId = '0199aaaa-0000-7000-8000-00000000000f' as never;
  await inTenant(db, [tenant.orgId], (tx) =>
    insertNamedRun(tx, { ...tenant, runId, name: 'order', version: '' }),
  );
  const history = await replica.call('GET', '/api/v1/workflows/order/runs?limit=1', 'read');
  expect(history.body).toMatchObject({ runs: [{ id: first.body['id'] }] });
  const next = String(history.body['next_cursor']);
  const rest = await replica.call('GET', `/api/v1/workflows/order/runs?cursor=${next}`, 'read');
  expect(rest.body).toMatchObject({ runs: [], next_cursor: null });
});

test('the version that was registered last checks a run, or the one that the run pins (W2)', async ({
  replica,
}) => {
  const older = await replica.worker({ body: JSON.stringify({ version: '1.0.0' }) });
  await tell(replica, older, { name: 'order', input_schema: SCHEMA });
  const newer = await replica.worker({ body: JSON.stringify({ version: '2.0.0' }) });
  await tell(replica, newer, { name: 'order', input_schema: { type: 'string' } });
  // A worker of the older version that starts again does not make it the newest.
  await tell(replica, older, { name: 'order', input_schema: SCHEMA });
  expect((await submit(replica, 'order', { input: 'tea' })).body).toMatchObject({
    version: '2.0.0',
  });
  const pinned = await submit(replica, 'order', { input: 'tea', worker_version: '1.0.0' });
  expect(pinned.status).toBe(422);
  const seen = await replica.call('GET', '/api/v1/workflows/order', 'read');
  expect(seen.body).toMatchObject({
    version: '2.0.0',
    versions: [{ version: '2.0.0' }, { version: '1.0.0', input_schema: SCHEMA }],
  });
  const listed = await replica.call('GET', '/api/v1/workflows', 'read');
  expect(listed.body['workflows']).toHaveLength(1);
});

test('a schema that cannot be used is told, and its input is for the worker to check', async ({
  replica,
}) => {
  const worker = await replica.worker();
  const wrong = { name: 'loose', input_schema: { type: 'no type' } };
  const told = await tell(replica, worker, wrong, { name: 'free' });
  expect(told.body).toMatchObject({ unused_schemas: [{ name: 'loose' }] });
  for (const name of ['loose', 'free']) {
    expect((await submit(replica, name, { input: [1] })).status).toBe(201);
  }
});

test('nobody but an approved worker is heard, and none of another organization is seen (W1)', async ({
  replica,
  db,
}) => {
  expect((await tell(replica, 'admin', { name: 'order' })).status).toBe(403);
  const pending = await replica.app.inject({
    method: 'POST',
    url: '/api/v1/fleet/register',
    headers: { authorization: 'Bearer write', 'content-type': 'application/json' },
    payload: '{}',
  });
  const { token } = JSON.parse(pending.payload) as { token: string };
  expect((await tell(replica, token, { name: 'order' })).body).toMatchObject({
    code: 'worker.unapproved',
  });
  await tell(replica, await replica.worker(), { name: 'order' });
  const other = await makeTenant(db);
  const seen = await inTenant(db, [other.orgId], (tx) =>
    listWorkflowRows(tx, { orgId: other.orgId, projectId: null }),
  );
  expect(seen).toEqual([]);
});

test("a project's own workflow goes before everybody's", async ({ replica, tenant }) => {
  await tell(replica, await replica.worker(), { name: 'order', input_schema: { type: 'string' } });
  const own = await replica.worker({ headers: { 'x-project-id': tenant.projectId } });
  await tell(replica, own, { name: 'order', input_schema: SCHEMA });
  await tell(replica, await replica.worker(), { name: 'order', input_schema: { type: 'number' } });
  expect((await submit(replica, 'order', { input: TEA })).status).toBe(201);
  expect(chooseWorkflow([], undefined)).toBeNull();
});

test('an organization has no more than so many versions', async ({ replicaWith }) => {
  const replica = replicaWith({ settings: { workflowsMax: 1 } });
  const worker = await replica.worker();
  expect((await tell(replica, worker, { name: 'one' })).status).toBe(200);
  expect((await tell(replica, worker, { name: 'two' })).status).toBe(409);
  expect((await replica.call('GET', '/api/v1/workflows', 'read')).body['workflows']).toHaveLength(
    1,
  );
});

test('a list of workflows has pages, and each is in it once', async ({ replica, tenant }) => {
  const names = ['a', 'b', 'c', 'ä/ö'].map((name) => ({ name }));
  await tell(replica, await replica.worker(), ...names);
  const own = await replica.worker({ headers: { 'x-project-id': tenant.projectId } });
  await tell(replica, own, { name: 'b' });
  const newer = await replica.worker({ body: JSON.stringify({ version: '2.0.0' }) });
  await tell(replica, newer, { name: 'a' });
  const seen: unknown[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages += 1) {
    expect(pages).toBeLessThan(4);
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await replica.call('GET', `/api/v1/workflows?limit=2${more}`, 'read');
    const page = body['workflows'] as { name: string; project_id: unknown; version: unknown }[];
    seen.push(...page.map(({ name, project_id: project, version }) => [name, project, version]));
    cursor = body['next_cursor'] as string | null;
  }
  expect(seen).toEqual([
    ['a', null, '2.0.0'],
    ['b', tenant.projectId, null],
    ['b', null, null],
    ['c', null, null],
    ['ä/ö', null, null],
  ]);
  expect((await replica.call('GET', '/api/v1/workflows?cursor=x', 'read')).status).toBe(400);
});

test('a workflow that is forgotten takes no runs, has its history, and comes back when it is said', async ({
  replica,
  tenant,
}) => {
  const worker = await replica.worker();
  const newer = await replica.worker({ body: JSON.stringify({ version: '2.0.0' }) });
  await tell(replica, worker, { name: 'order' });
  await tell(replica, newer, { name: 'order' });
  const own = await replica.worker({ headers: { 'x-project-id': tenant.projectId } });
  await tell(replica, own, { name: 'order' });
  const made = await submit(replica, 'order', { input: TEA });
  const forget = (query: string, as = 'admin') =>
    replica.call('DELETE', `/api/v1/workflows/order${query}`, as);
  expect((await forget('', 'write')).status).toBe(403);
  expect((await forget('?version=2.0.0')).body).toEqual({ deleted: 1 });
  expect((await forget(`?project=${tenant.projectId}`)).body).toEqual({ deleted: 1 });
  expect((await replica.call('GET', '/api/v1/workflows/order', 'read')).body).toMatchObject({
    project_id: null,
    versions: [{ version: null }],
  });
  expect((await forget('')).body).toEqual({ deleted: 1 });
  expect((await forget('')).status).toBe(404);
  expect((await submit(replica, 'order', { input: TEA })).status).toBe(404);
  const history = await replica.call('GET', '/api/v1/workflows/order/runs', 'read');
  expect(history.body).toMatchObject({ runs: [{ id: made.body['id'] }] });
  await tell(replica, worker, { name: 'order' });
  expect((await submit(replica, 'order', { input: TEA })).status).toBe(201);
});
