import { randomUUID } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import type { ActionFixture, Answer, Held } from './action-fixture.ts';
import { actionTest as test } from './action-test.ts';

const running = async (replica: ActionFixture): Promise<Held> => {
  const worker = await replica.worker();
  await replica.submit();
  return replica.claim(worker);
};
const callId = ({ body }: Answer): string => String(body['call_id']);
interface Deciding {
  readonly how?: 'approve' | 'deny';
  readonly as?: string;
  readonly body?: object;
}
const decide = (
  replica: ActionFixture,
  asked: Answer,
  { how = 'approve', as = 'other', body = {} }: Deciding = {},
) =>
  replica.call('POST', `/api/v1/tool-calls/${callId(asked)}/${how}`, as, {
    ...(how === 'approve' ? { arguments_digest: asked.body['arguments_digest'] } : {}),
    ...body,
  });

test('what is destructive waits for somebody else, who approves exactly these arguments, once (A4)', async ({
  replica,
  tools,
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const ask = (table: string) =>
    replica.ask('drop', { table }, 'write', { idempotency_key: `drop ${table}` });
  const asked = await ask('a');
  expect(asked.body).toMatchObject({ state: 'waiting', result: null });
  expect((await decide(replica, asked, { as: 'write' })).body).toMatchObject({
    code: 'caller.forbidden',
  });
  const wrong = await decide(replica, asked, {
    how: 'approve',
    as: 'other',
    body: {
      arguments_digest: 'a'.repeat(64),
    },
  });
  expect(wrong).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/other arguments/) },
  });
  expect((await decide(replica, asked, { as: 'read' })).status).toBe(403);
  expect(tools.server.received).toHaveLength(0);
  expect((await decide(replica, asked)).body).toMatchObject({
    state: 'approved',
    decided_by: 'token:of-other',
  });
  // A second approval changes nothing, and what is approved is this call alone.
  expect(await decide(replica, asked)).toMatchObject({ status: 409 });
  expect((await ask('b')).body).toMatchObject({ state: 'waiting' });
  expect((await ask('a')).body).toMatchObject({ state: 'completed', attempt: 1 });
  expect((await ask('a')).body).toMatchObject({ state: 'completed', repeated: true });
  expect(tools.server.received.map(({ body }) => body)).toEqual(['{"table":"a"}']);
  expect(await decide(replica, asked)).toMatchObject({ status: 409 });
});

test('nobody approves by another token what one of theirs has asked for (A4)', async ({
  replica,
  tools,
  owner,
  tenant: { orgId },
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const [anna, bert] = [randomUUID(), randomUUID()];
  const tokens = { first: randomUUID(), second: randomUUID(), his: randomUUID() };
  for (const [account, name] of [
    [anna, 'anna'],
    [bert, 'bert'],
  ] as const) {
    await sql`
      insert into account (id, org_id, email, name, source)
      values (${account}, ${orgId}, ${`${name}@example.org`}, ${name}, 'local')
    `.execute(owner);
  }
  for (const [name, account] of [
    ['first', anna],
    ['second', anna],
    ['his', bert],
  ] as const) {
    await sql`
      insert into access_token (id, org_id, name, scopes, created_by, account_id)
      values (${tokens[name]}, ${orgId}, ${name}, array['write'], 'test', ${account})
    `.execute(owner);
  }
  const asked = await replica.ask('drop', {}, `of-ours:${tokens.first}`);
  expect(await decide(replica, asked, { as: `of-ours:${tokens.second}` })).toMatchObject({
    status: 403,
    body: { code: 'caller.forbidden' },
  });
  expect(await decide(replica, asked, { as: `of-ours:${tokens.his}` })).toMatchObject({
    status: 200,
  });
});

test('an approval is void once the tool was changed, and too late after its time (A4)', async ({
  replica,
  tools,
  owner,
  tenant,
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const ask = (key: string) => replica.ask('drop', { key }, 'write', { idempotency_key: key });
  const first = await ask('1');
  await decide(replica, first);
  await replica.call('PATCH', '/api/v1/tools/drop', 'admin', {
    http: { method: 'POST', url: `${tools.url}/elsewhere` },
  });
  expect(await ask('1')).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/void/) },
  });
  expect((await ask('1')).body).toMatchObject({ state: 'denied', error: 'changed' });

  // That it needs no approval any more does not make it what was approved.
  await replica.tool('was', tools.url, { mode: 'destructive' });
  const was = () => replica.ask('was', {}, 'write', { idempotency_key: 'was' });
  await decide(replica, await was());
  await replica.call('PATCH', '/api/v1/tools/was', 'admin', {
    mode: 'network',
    http: { method: 'POST', url: `${tools.url}/elsewhere` },
  });
  expect(await was()).toMatchObject({ status: 409 });

  const late = await ask('2');
  await sql`update tool_call set due_at = app_now() where state = 'waiting' and org_id = ${tenant.orgId}`.execute(
    owner,
  );
  expect(await decide(replica, late)).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/time/) },
  });
  expect(await ask('2')).toMatchObject({ status: 409 });
  expect((await ask('2')).body).toMatchObject({ state: 'denied' });

  const denied = await ask('3');
  await decide(replica, denied, { how: 'deny', as: 'other', body: { reason: 'not today' } });
  expect((await ask('3')).body).toMatchObject({ state: 'denied', message: 'not today' });
  expect(tools.server.received).toHaveLength(0);
});

test('a run that waits is told of the decision, and nothing is approved for one that is over', async ({
  replica,
  tools,
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const { runId, epoch, runToken, worker } = await running(replica);
  const asked = await replica.ask('drop', { n: 1 }, runToken, { step: 'drop#0' });
  const wait = { epoch, for: 'signal', name: `tool:${callId(asked)}` };
  await replica.call('POST', `/api/v1/fleet/runs/${runId}/wait`, worker, wait);
  expect(await decide(replica, asked)).toMatchObject({ status: 200 });
  const resumed = await replica.claim(worker);
  expect(resumed.runId).toBe(runId);
  const made = await replica.ask('drop', { n: 1 }, resumed.runToken, { step: 'drop#0' });
  expect(made.body).toMatchObject({ state: 'completed', call_id: callId(asked) });

  const more = await replica.ask('drop', { n: 2 }, resumed.runToken, { step: 'drop#1' });
  await replica.call('POST', `/api/v1/runs/${runId}/cancel`, 'write', {});
  const end = { run_id: runId, epoch: resumed.epoch, status: 'failed' };
  await replica.call('POST', '/api/v1/fleet/report', worker, end);
  const late = await decide(replica, more);
  expect(late).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/is over/) } });
  expect(tools.server.received).toHaveLength(1);
});

test('a run that waits is told that nobody has decided in time', async ({ replica, owner }) => {
  const tool = { name: 'local', kind: 'worker', mode: 'destructive' };
  await replica.call('POST', '/api/v1/tools', 'admin', tool);
  const { runId, epoch, runToken, worker } = await running(replica);
  const asked = await replica.ask('local', {}, runToken, { step: 's' });
  const wait = { epoch, for: 'signal', name: `tool:${callId(asked)}` };
  await replica.call('POST', `/api/v1/fleet/runs/${runId}/wait`, worker, wait);
  await sql`update tool_call set due_at = app_now() - interval '1 second' where id = ${callId(asked)}`.execute(
    owner,
  );
  await sql`update tool_call_due set due_at = app_now() - interval '1 second' where call_id = ${callId(asked)}`.execute(
    owner,
  );
  await replica.sweep();
  const resumed = await replica.claim(worker);
  expect(resumed.runId).toBe(runId);
  const after = await replica.ask('local', {}, resumed.runToken, { step: 's' });
  expect(after.body).toMatchObject({ state: 'denied', call_id: callId(asked) });
});

test('a dead call is made again by whoever may, and an unknown one only by whoever accepts that', async ({
  replica,
  tools,
}) => {
  const answer = tools.server.behaviour;
  tools.server.behaviour = (_, response) => {
    response.statusCode = 500;
    response.end('down');
  };
  await replica.tool('pay', tools.url);
  const dead = await replica.ask('pay', { n: 1 });
  expect(dead.body).toMatchObject({
    state: 'failed',
    error: 'broken',
    message: 'the tool answered 500: down',
  });
  expect(tools.server.received).toHaveLength(1);
  const listed = await replica.call('GET', '/api/v1/tool-calls?state=failed', 'read');
  expect(listed.body['calls']).toMatchObject([{ id: callId(dead), error: 'broken' }]);
  tools.server.behaviour = (_, response) => response.destroy();
  const unknown = await replica.ask('pay', { n: 2 });
  expect(unknown.body).toMatchObject({ state: 'unknown', error: 'cut' });
  tools.server.behaviour = answer;
  const redrive = (call: Answer, body = {}, as = 'other') =>
    replica.call('POST', `/api/v1/tool-calls/${callId(call)}/redrive`, as, body);
  expect((await redrive(dead)).body).toMatchObject({ state: 'completed', attempt: 2 });
  expect((await redrive(dead)).status).toBe(409);
  expect((await redrive(dead, {}, 'read')).status).toBe(403);
  expect(await redrive(unknown)).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/accept_unknown/) },
  });
  expect((await redrive(unknown, { accept_unknown: true })).body).toMatchObject({
    state: 'completed',
  });
  expect(tools.server.received.map(({ body }) => body)).toEqual([
    '{"n":1}',
    '{"n":2}',
    '{"n":1}',
    '{"n":2}',
  ]);
});

test('what was done, but answered badly, is made again only by whoever accepts that', async ({
  replica,
  tools,
}) => {
  await replica.tool('pay', tools.url);
  tools.server.behaviour = (_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('paid');
  };
  const done = await replica.ask('pay', {});
  expect(done.body).toMatchObject({ state: 'failed', error: 'garbage' });
  const redriven = await replica.call(
    'POST',
    `/api/v1/tool-calls/${callId(done)}/redrive`,
    'other',
    {},
  );
  expect(redriven).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/accept_unknown/) },
  });
  expect(tools.server.received).toHaveLength(1);
});

test('an approved call of a worker is made by the worker, and not begun by whoever redrives it', async ({
  replica,
}) => {
  const tool = { name: 'local', kind: 'worker', mode: 'destructive' };
  await replica.call('POST', '/api/v1/tools', 'admin', tool);
  const { runToken } = await running(replica);
  const ask = () => replica.ask('local', {}, runToken, { step: 's' });
  const asked = await ask();
  await decide(replica, asked);
  const redriven = await replica.call(
    'POST',
    `/api/v1/tool-calls/${callId(asked)}/redrive`,
    'other',
    {},
  );
  expect(redriven.status).toBe(409);
  expect((await ask()).body).toMatchObject({ state: 'running', attempt: 1, repeated: false });
});

test('a destructive call that is made again is approved again', async ({ replica, tools }) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const ask = () => replica.ask('drop', {}, 'write', { idempotency_key: 'k' });
  const asked = await ask();
  await decide(replica, asked);
  const answer = tools.server.behaviour;
  tools.server.behaviour = (_, response) => {
    response.statusCode = 400;
    response.end();
  };
  expect((await ask()).body).toMatchObject({ state: 'failed', error: 'refused' });
  tools.server.behaviour = answer;
  const redrive = (as: string) =>
    replica.call('POST', `/api/v1/tool-calls/${callId(asked)}/redrive`, as, {});
  expect((await redrive('other')).body).toMatchObject({ state: 'waiting' });
  expect((await decide(replica, asked, { as: 'other' })).body).toMatchObject({
    code: 'caller.forbidden',
  });
  expect((await decide(replica, asked, { as: 'write' })).body).toMatchObject({
    state: 'approved',
  });
  expect((await redrive('other')).body).toMatchObject({ state: 'completed' });
  expect(tools.server.received).toHaveLength(2);
});

test('a tool whose digest would not cover all of it is not registered (A4)', async ({
  replica,
  tools,
}) => {
  let input_schema: object = { type: 'object' };
  for (let depth = 0; depth < 40; depth += 1) input_schema = { properties: { a: input_schema } };
  const http = { method: 'POST', url: tools.url };
  const body = { name: 'deep', kind: 'http', http, input_schema };
  expect(await replica.call('POST', '/api/v1/tools', 'admin', body)).toMatchObject({
    status: 400,
    body: { errors: [{ path: '/input_schema' }] },
  });
});
