import { type Db, inTenant, sql } from '@sagewai/postgres';
import { holdTransaction } from '@sagewai/testing';
import { expect, vi } from 'vitest';

import type { ActionFixture, Answer, Held } from './action-fixture.ts';
import { actionTest as test } from './action-test.ts';
import { listRunToolCalls } from './run-tool-calls.sql.ts';
import { beginCall, denyCall, dropCall, findCall } from './tool-calls.sql.ts';
import { held } from './tool-server-fixture.ts';

const running = async (replica: ActionFixture): Promise<Held> => {
  const worker = await replica.worker();
  await replica.submit();
  return replica.claim(worker);
};
/** The time of whatever is under way, or kept, is up. */
async function overdue(owner: Db): Promise<void> {
  await sql`update tool_call set due_at = app_now() - interval '1 second' where state = 'running'`.execute(
    owner,
  );
  await sql`update tool_call_due set due_at = app_now() - interval '1 second'`.execute(owner);
}
const callId = ({ body }: Answer): string => String(body['call_id']);

test('a call is validated, made, answered, kept sealed, and stands in the audit log', async ({
  replica,
  tools,
  owner,
}) => {
  const input_schema = {
    type: 'object',
    properties: { id: { type: 'string' }, note: { type: 'string' } },
    required: ['id'],
    additionalProperties: false,
  };
  const http = { method: 'POST', url: `${tools.url}/items/{id}?v=1` };
  await replica.tool('save', '', { http, input_schema });
  const done = await replica.ask('save', { id: 'a/b', note: 'zebra' });
  expect(done).toMatchObject({
    status: 200,
    body: { state: 'completed', result: { done: { note: 'zebra' } }, repeated: false, attempt: 1 },
  });
  expect(tools.server.received).toMatchObject([
    {
      method: 'POST',
      url: '/items/a%2Fb?v=1',
      body: '{"note":"zebra"}',
      headers: { 'idempotency-key': callId(done) },
    },
  ]);
  const wrong = await replica.ask('save', { id: 'a', notes: 'x' });
  expect(wrong).toMatchObject({
    status: 400,
    body: { code: 'request.invalid', errors: [{ path: '/arguments/notes' }] },
  });
  expect(tools.server.received).toHaveLength(1);
  const kept = await replica.call('GET', `/api/v1/tool-calls/${callId(done)}`, 'write');
  expect(kept.body).toMatchObject({
    arguments: { id: 'a/b', note: 'zebra' },
    requested_by: 'token:of-write',
  });
  const { rows } = await sql<{
    text: string;
  }>`select to_jsonb(c)::text as text from tool_call c`.execute(owner);
  expect(rows.map(({ text }) => text).join()).not.toContain('zebra');
  const audit = await sql<{ action: string; details: string }>`
    select action, details::text as details from audit_entry where action like 'tool.%'
  `.execute(owner);
  expect(audit.rows).toMatchObject([{ action: 'tool.called' }]);
  expect(audit.rows[0]?.details).toContain(String(kept.body['arguments_digest']));
  expect(audit.rows[0]?.details).toContain(String(kept.body['result_digest']));
});

test('100 duplicates at two servers are one effect, and all are told what came of it (A2)', async ({
  replica,
  replicaWith,
  tools,
}) => {
  const other = replicaWith({});
  const gate = held();
  tools.server.behaviour = gate.behaviour;
  await replica.tool('pay', tools.url);
  const asked = Array.from({ length: 100 }, (_, at) =>
    [replica, other][at % 2]?.ask('pay', { amount: 5 }, 'write', { idempotency_key: 'once' }),
  );
  await gate.arrived;
  // While it is under way, one that is asked again is another's to make.
  const again = await other.ask('pay', { amount: 5 }, 'write', {
    idempotency_key: 'once',
    wait_ms: 0,
  });
  expect(again.body).toMatchObject({ state: 'running', repeated: true });
  gate.release();
  const answers = await Promise.all(asked);
  expect(tools.server.received).toHaveLength(1);
  expect(new Set(answers.map((one) => JSON.stringify(one?.body['result'])))).toEqual(
    new Set(['{"held":true}']),
  );
  expect(answers.filter((one) => one?.body['repeated'] === false)).toHaveLength(1);
  const changed = await other.ask('pay', { amount: 6 }, 'write', { idempotency_key: 'once' });
  expect(changed).toMatchObject({ status: 409, body: { code: 'idempotency.conflict' } });
  expect(tools.server.received).toHaveLength(1);
});

test('the same step of a run is the same call; other arguments, or another step, are another', async ({
  replica,
  tools,
  db,
  tenant,
}) => {
  await replica.tool('pay', tools.url);
  const { runToken, runId } = await running(replica);
  const ask = (args: object, step: string) => replica.ask('pay', args, runToken, { step });
  const first = await ask({ a: 1, b: 2 }, 'pay#0');
  const same = await ask({ b: 2, a: 1 }, 'pay#0');
  expect(callId(same)).toBe(callId(first));
  expect(same.body).toMatchObject({ repeated: true, state: 'completed' });
  await ask({ a: 2, b: 2 }, 'pay#0');
  await ask({ a: 1, b: 2 }, 'pay#1');
  expect(tools.server.received).toHaveLength(3);
  const listed = await replica.call('GET', `/api/v1/tool-calls?run_id=${runId}`, 'read');
  expect(listed.body['calls']).toHaveLength(3);
  // In the order in which they ended, from any of them on.
  // An end is told once no transaction of the cluster is older, those of other databases included.
  const ended = await vi.waitFor(async () => {
    const told = await inTenant(db, [tenant.orgId], (tx) =>
      listRunToolCalls(tx, { runId: runId as never, after: null, limit: 10 }),
    );
    expect(told.map(({ step }) => step)).toEqual(['pay#0', 'pay#0', 'pay#1']);
    return told;
  }, 30_000);
  const later = await inTenant(db, [tenant.orgId], (tx) =>
    listRunToolCalls(tx, { runId: runId as never, after: ended[1] ?? null, limit: 10 }),
  );
  expect(later).toEqual(ended.slice(2));
  expect((await replica.ask('pay', {}, runToken)).status).toBe(400);
});

test('a second server waits until the first has written that it begins (A1, A2)', async ({
  replica,
  tools,
  db,
  tenant,
}) => {
  await replica.tool('pay', tools.url);
  const first = await replica.ask('pay', { n: 1 }, 'write', { idempotency_key: 'k' });
  const [{ orgId }, id] = [tenant, callId(first)];
  const kept = await inTenant(db, [orgId], (tx) => findCall(tx, { orgId, id }));
  if (kept === null) throw new Error('the call is gone');
  const of = {
    ...kept,
    orgId,
    id: '0199aaaa-0000-7000-8000-000000000001',
    key: Buffer.alloc(32, 7),
    needsApproval: false,
    isRepeatable: false,
    timeoutMs: 60_000,
    decideMs: 60_000,
    scopes: [],
  };
  const open = await holdTransaction(db, [orgId], (tx) => beginCall(tx, of));
  const second = inTenant(db, [orgId], (tx) =>
    beginCall(tx, { ...of, id: '0199aaaa-0000-7000-8000-000000000002' }),
  );
  await open.commit();
  expect(await second).toMatchObject({ how: 'running', id: of.id });
});

test('a server that is killed between effect and record leaves an explicit unknown, and no second effect (A3)', async ({
  replica,
  replicaWith,
  tools,
  owner,
}) => {
  const gate = held();
  tools.server.behaviour = gate.behaviour;
  await replica.tool('pay', tools.url);
  const lost = replica.ask('pay', { n: 1 }, 'write', { idempotency_key: 'k' });
  await gate.arrived;
  // Its time is up, and nobody has written its end.
  await overdue(owner);
  const other = replicaWith({});
  const asked = await other.ask('pay', { n: 1 }, 'write', { idempotency_key: 'k' });
  expect(asked.body).toMatchObject({ state: 'unknown', error: 'lost', result: null });
  await other.sweep();
  // What the first says after all is evidence, and no result.
  gate.release();
  expect((await lost).body).toMatchObject({ state: 'unknown', result: null });
  const call = await other.call('GET', `/api/v1/tool-calls/${callId(asked)}`, 'write');
  expect(call.body).toMatchObject({ state: 'unknown', result: null });
  expect(call.body['late_result_digest']).toMatch(/^[0-9a-f]{64}$/);
  expect(tools.server.received).toHaveLength(1);
});

test('what may be repeated is made again when its server was killed', async ({
  replica,
  tools,
  owner,
}) => {
  const [first, second] = [held(), held()];
  tools.server.behaviour = first.behaviour;
  await replica.tool('look', tools.url, { mode: 'read_only' });
  const lost = replica.ask('look', {}, 'write', { idempotency_key: 'k' });
  await first.arrived;
  await overdue(owner);
  tools.server.behaviour = second.behaviour;
  const again = replica.ask('look', {}, 'write', { idempotency_key: 'k' });
  await second.arrived;
  // Who was given up has no say any more: the answer is the second one's.
  first.release();
  expect((await lost).body).toMatchObject({ state: 'running', attempt: 2, result: null });
  second.release();
  expect((await again).body).toMatchObject({ state: 'completed', attempt: 2 });
  expect(tools.server.received).toHaveLength(2);
});

test('the sweep says of what nobody ended that it is unknown, and drops what was kept for long enough', async ({
  replica,
  tools,
  owner,
  tenant,
}) => {
  await replica.tool('pay', tools.url, { result_bytes_max: 100_000 });
  tools.server.behaviour = (_, response) => response.end('x'.repeat(50_000));
  const large = await replica.ask('pay', {});
  expect(large.body['result']).toBe('x'.repeat(50_000));
  const read = await replica.call('GET', `/api/v1/tool-calls/${callId(large)}`, 'write');
  expect(read.body).toMatchObject({ result: 'x'.repeat(50_000), result_bytes: 50_002 });
  await overdue(owner);
  await replica.sweep();
  expect((await replica.call('GET', `/api/v1/tool-calls/${callId(large)}`, 'write')).status).toBe(
    404,
  );
  const left = await sql`select from tool_call_due where org_id = ${tenant.orgId}`.execute(owner);
  expect(left.rowCount).toBe(0);
});

test('what has ended, or was approved, since the sweep has looked stays (A2, A4)', async ({
  replica,
  tools,
  db,
  tenant: { orgId },
}) => {
  await replica.tool('pay', tools.url);
  const pay = () => replica.ask('pay', {}, 'write', { idempotency_key: 'k' });
  const paid = await pay();
  // As the sweep does with a call that was running, and overdue, when it was listed.
  const dropped = await inTenant(db, [orgId], (tx) => dropCall(tx, { orgId, id: callId(paid) }));
  expect(dropped).toBeNull();
  expect((await pay()).body).toMatchObject({ state: 'completed', repeated: true });
  expect(tools.server.received).toHaveLength(1);
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const waits = await replica.ask('drop', {});
  const of = { orgId, id: callId(waits), by: null, error: 'denied', messageSealed: null } as const;
  const deny = () =>
    inTenant(db, [orgId], (tx) => denyCall(tx, { ...of, keepMs: 60_000, isDue: true }));
  expect(await deny()).toBe(false);
});
