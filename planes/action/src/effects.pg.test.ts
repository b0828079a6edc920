import { sql } from '@sagewai/postgres';
import { expect, vi } from 'vitest';

import type { ActionFixture, Answer } from './action-fixture.ts';
import { actionTest as test } from './action-test.ts';
import { held } from './tool-server-fixture.ts';

const callId = ({ body }: Answer): string => String(body['call_id']);
const post = (
  replica: ActionFixture,
  asked: Answer,
  { what, as, body = {} }: { what: 'approve' | 'redrive'; as: string; body?: object },
) => replica.call('POST', `/api/v1/tool-calls/${callId(asked)}/${what}`, as, body);

test('an approval is for one time: what may have been made under it is not made again, also where it may be repeated (A4)', async ({
  replica,
  replicaWith,
  tools,
  owner,
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive', idempotent: true });
  const ask = (at: ActionFixture) => at.ask('drop', {}, 'write', { idempotency_key: 'k' });
  const asked = await ask(replica);
  const approve = () =>
    post(replica, asked, {
      what: 'approve',
      as: 'other',
      body: { arguments_digest: asked.body['arguments_digest'] },
    });
  expect((await approve()).status).toBe(200);
  const answer = tools.server.behaviour;
  const gate = held();
  tools.server.behaviour = gate.behaviour;
  const lost = ask(replica);
  await gate.arrived;
  // Its server is taken for dead.
  const past = sql`update tool_call set due_at = app_now() - interval '1 second' where state = 'running'`;
  await past.execute(owner);
  tools.server.behaviour = answer;
  const other = replicaWith({});
  expect((await ask(other)).body).toMatchObject({ state: 'unknown', error: 'lost' });
  expect((await ask(other)).body).toMatchObject({ state: 'unknown', call_id: callId(asked) });
  gate.release();
  await lost;
  expect(tools.server.received).toHaveLength(1);
  // Whoever wants it again has it approved again.
  const again = await post(other, asked, { what: 'redrive', as: 'write' });
  expect(again.body).toMatchObject({ state: 'waiting' });
  expect((await ask(other)).body).toMatchObject({ state: 'waiting' });
  expect((await approve()).status).toBe(200);
  expect((await ask(other)).body).toMatchObject({ state: 'completed' });
  expect(tools.server.received).toHaveLength(2);
});

test('who stands before a tool and has no answer of it leaves an unknown, but where it may be repeated (A3)', async ({
  replica,
  tools,
}) => {
  const answer = tools.server.behaviour;
  const failing = (status: number) => {
    let isFirst = true;
    tools.server.received.length = 0;
    tools.server.behaviour = (received, response) => {
      if (!isFirst) return answer(received, response);
      isFirst = false;
      response.statusCode = status;
      response.end('no answer');
    };
  };
  await replica.tool('pay', tools.url);
  await replica.tool('look', tools.url, { idempotent: true });
  for (const [status, error] of [
    [502, 'cut'],
    [504, 'late'],
  ] as const) {
    failing(status);
    const paid = await replica.ask('pay', {});
    expect(paid.body).toMatchObject({
      state: 'unknown',
      error,
      message: `the tool answered ${status}: no answer`,
    });
    expect(tools.server.received).toHaveLength(1);
    expect((await post(replica, paid, { what: 'redrive', as: 'other' })).status).toBe(409);
    failing(status);
    expect((await replica.ask('look', {})).body).toMatchObject({ state: 'completed' });
    expect(tools.server.received).toHaveLength(2);
  }
  failing(503);
  expect((await replica.ask('pay', {})).body).toMatchObject({ state: 'failed', error: 'broken' });
});

test('the arguments of a call, and what came of it, are not for whoever only looks', async ({
  replica,
  tools,
}) => {
  await replica.tool('pay', tools.url);
  const paid = await replica.ask('pay', { iban: 'DE02' });
  const shown = (as: string) =>
    replica.call('GET', `/api/v1/tool-calls/${callId(paid)}`, as).then(({ body }) => body);
  expect(await shown('write')).toMatchObject({
    contents_hidden: false,
    arguments: { iban: 'DE02' },
    result: { done: { iban: 'DE02' } },
  });
  const seen = await shown('read');
  expect(seen).toMatchObject({
    state: 'completed',
    arguments_digest: paid.body['arguments_digest'],
    contents_hidden: true,
    arguments: null,
    result: null,
  });
  expect(JSON.stringify(seen)).not.toContain('DE02');
});

test('a call costs three statements: its tool, its beginning, and its end with its audit entry', async ({
  replica,
  tools,
  db,
  owner,
}) => {
  const rate = { calls: 1_000, per_seconds: 60 };
  await replica.tool('pay', tools.url, { rate });
  const before = db.statementCount();
  for (let n = 0; n < 20; n += 1) {
    expect((await replica.ask('pay', { n })).body).toMatchObject({ state: 'completed' });
  }
  expect(db.statementCount() - before).toBeLessThan(3 * 20 + 10);
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from audit_entry where action = 'tool.called'
  `.execute(owner);
  expect(rows[0]?.count).toBeGreaterThanOrEqual(20);
});

test('calls are counted by what came of them, and what was not made by why', async ({
  replica,
  tools,
}) => {
  await replica.tool('pay', tools.url, { rate: { calls: 2, per_seconds: 3_600 } });
  await replica.ask('pay', {});
  tools.server.behaviour = (_, response) => response.destroy();
  await replica.ask('pay', {});
  expect((await replica.ask('pay', {})).status).toBe(429);
  const told = await replica.metrics.render();
  for (const line of [
    'sagewai_tool_calls_total{kind="http",state="completed"} 1',
    'sagewai_tool_calls_total{kind="http",state="unknown"} 1',
    'sagewai_tool_errors_total{kind="http",error="cut"} 1',
    'sagewai_tool_refused_total{code="rate.exceeded"} 1',
    'sagewai_tool_gate_seconds_count 2',
    'sagewai_tool_call_seconds_count{kind="http"} 2',
  ]) {
    expect(told).toContain(line);
  }
});

test('who waits at the server that makes a call is told when it ends, and need not look', async ({
  replicaWith,
  tools,
  db,
}) => {
  const replica = replicaWith({ settings: { lookEveryMs: 600_000 } });
  await replica.tool('pay', tools.url);
  const gate = held();
  tools.server.behaviour = gate.behaviour;
  const ask = () => replica.ask('pay', {}, 'write', { idempotency_key: 'once', wait_ms: 60_000 });
  const first = ask();
  await gate.arrived;
  const before = db.statementCount();
  const second = ask();
  // It has found the tool and the call, and has looked at that, in a transaction.
  await vi.waitFor(() => expect(db.statementCount() - before).toBeGreaterThanOrEqual(6), 10_000);
  gate.release();
  expect((await first).body).toMatchObject({ state: 'completed', repeated: false });
  expect((await second).body).toMatchObject({ state: 'completed', repeated: true });
});

test('two leads that sweep at the same time say once of each call that nobody knows what came of it (A3)', async ({
  replica,
  replicaWith,
  tools,
  owner,
  tenant: { orgId },
}) => {
  const gate = held();
  tools.server.behaviour = gate.behaviour;
  await replica.tool('pay', tools.url);
  const lost = Array.from({ length: 10 }, (_, n) => replica.ask('pay', { n }));
  await expect.poll(() => tools.server.received.length).toBe(10);
  await sql`
    with over as (
      update tool_call set due_at = app_now() - interval '1 second' where org_id = ${orgId} and state = 'running'
      returning id
    )
    update tool_call_due d set due_at = app_now() - interval '1 second' from over where d.call_id = over.id
  `.execute(owner);
  const other = replicaWith({});
  await Promise.all([replica.sweep(), other.sweep(), replica.sweep()]);
  const { rows } = await sql<{ entries: number; calls: number }>`
    select count(*)::int as entries, count(distinct subject)::int as calls from audit_entry
    where action = 'tool.unknown' and org_id = ${orgId}
  `.execute(owner);
  expect(rows).toEqual([{ entries: 10, calls: 10 }]);
  gate.release();
  for (const { body } of await Promise.all(lost)) expect(body).toMatchObject({ state: 'unknown' });
});
