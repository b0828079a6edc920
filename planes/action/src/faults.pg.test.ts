import { sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import { actionTest as test } from './action-test.ts';
import { ToolServer } from './tool-server-fixture.ts';

const CANARY = 'canary-9f8e7d6c5b4a';

test('a credential reaches its tool and nothing else: no answer, no row, no log of ours (A7)', async ({
  replica,
  tools,
  owner,
}) => {
  const credential = { value: CANARY };
  const id = await replica.tool('echo', tools.url, { credential, idempotent: true, retries: 0 });
  tools.server.behaviour = ({ headers }, response) => {
    // As a debugging endpoint does: its caller's headers, and more ways to write them.
    const sent = String(headers.authorization);
    const encoded = Buffer.from(CANARY).toString('base64');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ sent, encoded, quoted: JSON.stringify({ sent }) }));
  };
  const echoed = await replica.ask('echo', {});
  expect(tools.server.received[0]?.headers.authorization).toBe(`Bearer ${CANARY}`);
  expect(echoed.body).toMatchObject({ result: { sent: 'Bearer [secret]', encoded: '[secret]' } });
  tools.server.behaviour = ({ headers }, response) => {
    response.statusCode = 401;
    response.end(`bad token ${String(headers.authorization)}`);
  };
  const refused = await replica.ask('echo', {});
  expect(refused.body).toMatchObject({ state: 'failed', error: 'refused' });
  const shown = await replica.call('GET', '/api/v1/tools/echo', 'read');
  expect(shown.body).toMatchObject({ credential: { header: 'authorization', hint: '…5b4a' } });
  const calls = await replica.call('GET', '/api/v1/tool-calls', 'read');
  const texts = [echoed, refused, shown, calls].map(({ body }) => JSON.stringify(body));
  for (const table of ['tool', 'tool_call', 'audit_entry']) {
    const { rows } = await sql<{ text: string }>`
      select t.text from (
        select to_jsonb(o)::text as text, 'tool' as name from tool o union all
        select to_jsonb(c)::text, 'tool_call' from tool_call c union all
        select to_jsonb(a)::text, 'audit_entry' from audit_entry a
      ) t where t.name = ${table}
    `.execute(owner);
    expect(rows.length).toBeGreaterThan(0);
    texts.push(...rows.map(({ text }) => text));
  }
  for (const text of texts) {
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(Buffer.from(CANARY).toString('base64'));
  }
  // What was given for one place is not sent to another.
  const moved = await replica.call('PATCH', `/api/v1/tools/${id}`, 'admin', {
    http: { method: 'POST', url: 'http://127.0.0.1:1/' },
  });
  expect(moved).toMatchObject({ status: 400, body: { errors: [{ path: '/credential' }] } });
});

test('a credential by reference is read for each call, and only for its owner (A7)', async ({
  replicaWith,
  tools,
  tenant,
}) => {
  const asked: unknown[] = [];
  const replica = replicaWith({
    references: {
      judge: (text, of) => {
        asked.push(of);
        if (!text.startsWith('vault:')) return 'value';
        return text === 'vault:ours' ? 'allowed' : 'refused';
      },
      resolve: () => Promise.resolve(CANARY),
    },
  });
  const credential = { value: 'vault:ours', header: 'X-Key', prefix: '' };
  await replica.tool('keyed', tools.url, { credential, project: tenant.projectId });
  await replica.ask('keyed', {});
  expect(tools.server.received[0]?.headers['x-key']).toBe(CANARY);
  expect(asked).toContainEqual({ orgId: tenant.orgId, projectId: tenant.projectId });
  const body = { name: 'theirs', kind: 'http', http: { method: 'GET', url: tools.url } };
  const refused = await replica.call('POST', '/api/v1/tools', 'admin', {
    ...body,
    credential: { value: 'vault:theirs' },
  });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: '/credential' }] } });
});

test('a secret of digits is taken out of numbers, and the time to read it is of the call', async ({
  replicaWith,
  tools,
}) => {
  const references = {
    judge: (text: string) =>
      text.startsWith('vault:') ? ('allowed' as const) : ('value' as const),
    resolve: async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      return CANARY;
    },
  };
  const replica = replicaWith({ references });
  await replica.tool('digits', tools.url, { credential: { value: '1234567890' } });
  tools.server.behaviour = (_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"pin":1234567890}');
  };
  const told = await replica.ask('digits', {});
  expect(told.body).toMatchObject({ state: 'failed', error: 'garbage', result: null });
  expect(JSON.stringify(told.body)).not.toContain('1234567890');
  tools.server.received.length = 0;
  await replica.tool('slow', tools.url, { credential: { value: 'vault:x' }, timeout_ms: 20 });
  expect((await replica.ask('slow', {})).body).toMatchObject({
    state: 'failed',
    error: 'unreachable',
  });
  expect(tools.server.received).toEqual([]);
});

test('nothing leads a tool to another host: not its arguments, not a redirection, not its registration (A5)', async ({
  replica,
  replicaWith,
  tools,
}) => {
  const thief = new ToolServer();
  const elsewhere = await thief.listen();
  const http = { method: 'POST', url: `${tools.url}/docs/{name}` };
  await replica.tool('read', '', { http, credential: { value: CANARY } });
  for (const name of [
    `@${new URL(elsewhere).host}/`,
    `//${new URL(elsewhere).host}/x`,
    '\\\\x',
    '?a=b#c',
  ]) {
    await replica.ask('read', { name });
  }
  expect(
    tools.server.received.every(({ url }) => url.startsWith('/docs/') && !url.includes('?')),
  ).toBe(true);
  for (const name of ['..', '.', '%2e%2e']) {
    const led = await replica.ask('read', { name });
    if (name !== '%2e%2e') expect(led.body).toMatchObject({ state: 'failed', error: 'refused' });
  }
  expect(tools.server.received.map(({ url }) => url)).toContain('/docs/%252e%252e');
  tools.server.behaviour = (_, response) => {
    response.writeHead(307, { location: elsewhere });
    response.end();
  };
  expect((await replica.ask('read', { name: 'x' })).body).toMatchObject({
    state: 'failed',
    error: 'refused',
  });
  expect(thief.received).toEqual([]);
  await thief.close();

  const register = (of: object, by = replica) =>
    by.call('POST', '/api/v1/tools', 'admin', {
      name: 'bad',
      kind: 'http',
      mode: 'network',
      ...of,
    });
  const at = (url: string) => ({ http: { method: 'GET', url } });
  expect((await register(at('http://169.254.169.254/latest'))).body).toMatchObject({
    code: 'egress.refused',
  });
  expect((await register(at('http://10.0.0.8/'))).body).toMatchObject({ code: 'egress.refused' });
  expect((await register(at('https://{host}/x'))).status).toBe(400);
  expect((await register(at('https://user@api.example/x'))).status).toBe(400);
  expect((await register(at('https://api.example/x#y'))).status).toBe(400);
  expect((await register({ ...at(tools.url), egress: ['api.example'] })).status).toBe(400);
  const fronted = { value: 'other.example', header: 'Host', prefix: '' };
  expect(await register({ ...at(tools.url), credential: fronted })).toMatchObject({
    status: 400,
    body: { errors: [{ path: '/credential' }] },
  });
  const header = { http: { method: 'GET', url: tools.url, headers: { Authorization: 'x' } } };
  expect((await register(header)).status).toBe(400);
  // A name that leads to a private address is refused when it is called, whatever it led to before.
  const strict = replicaWith({ privateHosts: [] });
  expect((await register(at('http://localtest.invalid/'), strict)).status).toBe(201);
  expect((await strict.ask('bad', {})).body).toMatchObject({
    state: 'failed',
    error: 'unreachable',
  });
  expect((await strict.ask('read', { name: 'x' })).body).toMatchObject({
    state: 'failed',
    error: 'refused',
  });
});

test('a tool that hangs, streams for ever, or answers garbage or too much is a failure that says so', async ({
  replica,
  tools,
}) => {
  const fast = { timeout_ms: 300, retries: 0, result_bytes_max: 1_000 };
  const output_schema = { type: 'object', required: ['ok'] };
  await replica.tool('write', tools.url, fast);
  await replica.tool('look', tools.url, { ...fast, mode: 'read_only' });
  await replica.tool('strict', tools.url, { ...fast, output_schema });
  const become = (behaviour: typeof tools.server.behaviour) => {
    tools.server.behaviour = behaviour;
  };
  // Hangs: a write may have happened, a look has not.
  become(() => undefined);
  expect((await replica.ask('write', {})).body).toMatchObject({ state: 'unknown', error: 'late' });
  expect((await replica.ask('look', {})).body).toMatchObject({ state: 'failed', error: 'late' });
  become((_, response) => {
    response.write('x');
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
  });
  expect((await replica.ask('write', {})).body).toMatchObject({ state: 'unknown', error: 'late' });
  become((_, response) => response.end(Buffer.alloc(10 * 1_048_576, 120)));
  expect((await replica.ask('write', {})).body).toMatchObject({
    state: 'failed',
    error: 'oversized',
  });
  become((_, response) => response.end(Buffer.from([0xff, 0xfe, 0x00])));
  expect((await replica.ask('write', {})).body).toMatchObject({
    state: 'failed',
    error: 'garbage',
  });
  become((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"ok":');
  });
  expect((await replica.ask('write', {})).body).toMatchObject({
    state: 'failed',
    error: 'garbage',
  });
  // Its schema is another one than it was registered with.
  become((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end('{"fine":true}');
  });
  expect((await replica.ask('strict', {})).body).toMatchObject({
    state: 'failed',
    error: 'garbage',
    message: expect.stringMatching(/\/ok is required/),
  });
});

test('what passes is tried again, and what may not be done twice only where nothing has happened', async ({
  replica,
  tools,
}) => {
  await replica.tool('write', tools.url);
  await replica.tool('look', tools.url, { idempotent: true });
  const answer = tools.server.behaviour;
  const failing = (status: number, times: number) => {
    let left = times;
    tools.server.behaviour = (received, response) => {
      if (left-- <= 0) return answer(received, response);
      response.statusCode = status;
      response.end();
    };
    tools.server.received.length = 0;
  };
  failing(503, 2);
  expect((await replica.ask('look', {})).body).toMatchObject({ state: 'completed', attempt: 1 });
  expect(tools.server.received).toHaveLength(3);
  expect(new Set(tools.server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(
    1,
  );
  failing(503, 2);
  expect((await replica.ask('write', {})).body).toMatchObject({ state: 'failed', error: 'broken' });
  expect(tools.server.received).toHaveLength(1);
  failing(429, 1);
  expect((await replica.ask('write', {})).body).toMatchObject({ state: 'completed' });
  expect(tools.server.received).toHaveLength(2);
});

test('rates of a tool, a project and the organization hold at two servers, and what is refused takes none (A6)', async ({
  replica,
  replicaWith,
  tools,
  tenant,
}) => {
  const other = replicaWith({});
  const rate = { calls: 3, per_seconds: 3_600 };
  await replica.tool('one', tools.url, { rate });
  await replica.tool('two', tools.url);
  const ask = (at: number, name: string) => [replica, other][at % 2]?.ask(name, {});
  const asked = await Promise.all(Array.from({ length: 12 }, (_, at) => ask(at, 'one')));
  expect(asked.filter((one) => one?.status === 200)).toHaveLength(3);
  expect(asked.find((one) => one?.status !== 200)).toMatchObject({
    status: 429,
    body: { code: 'rate.exceeded' },
  });
  await replica.call('PUT', '/api/v1/tool-rates', 'admin', {
    project: tenant.projectId,
    rate: { ...rate, calls: 2 },
  });
  const set = await replica.call('PUT', '/api/v1/tool-rates', 'admin', {
    rate: { ...rate, calls: 100 },
  });
  expect(set.body['rates']).toHaveLength(2);
  // The tool's rate is used up: neither the project nor the organization is charged for what it refuses.
  expect((await ask(0, 'one'))?.status).toBe(429);
  expect((await ask(1, 'two'))?.status).toBe(200);
  expect((await ask(0, 'two'))?.status).toBe(200);
  expect((await ask(1, 'two'))?.status).toBe(429);
  expect(tools.server.received).toHaveLength(5);
  const calls = await replica.call('GET', '/api/v1/tool-calls', 'read');
  expect(calls.body['calls']).toHaveLength(5);
});

test('a function of the worker is gated here, made there, and unknown when its worker dies', async ({
  replica,
  owner,
}) => {
  const body = {
    name: 'local',
    kind: 'worker',
    mode: 'local_write',
    output_schema: { type: 'number' },
  };
  await replica.call('POST', '/api/v1/tools', 'admin', body);
  expect((await replica.ask('local', {})).body).toMatchObject({ code: 'caller.forbidden' });
  const worker = await replica.worker();
  await replica.submit();
  const { runToken } = await replica.claim(worker);
  const ask = (step: string) => replica.ask('local', {}, runToken, { step });
  const begun = await ask('a#0');
  expect(begun.body).toMatchObject({ state: 'running', attempt: 1, repeated: false });
  const report = (call: typeof begun, told: object, as = runToken) =>
    replica.call('POST', `/api/v1/tool-calls/${String(call.body['call_id'])}/report`, as, {
      attempt: 1,
      ...told,
    });
  expect((await report(begun, { result: 7 }, 'write')).status).toBe(403);
  expect((await report(begun, { result: 7 })).body).toMatchObject({
    state: 'completed',
    result: 7,
  });
  // Reported twice: as it was.
  expect((await report(begun, { result: 8 })).body).toMatchObject({
    state: 'completed',
    result: 7,
  });
  expect(await replica.metrics.render()).toContain(
    'sagewai_tool_calls_total{kind="worker",state="completed"} 1\n',
  );
  expect((await ask('a#0')).body).toMatchObject({ state: 'completed', result: 7, repeated: true });
  const wrong = await ask('b#0');
  expect((await report(wrong, { result: 'no number' })).body).toMatchObject({
    state: 'failed',
    error: 'garbage',
  });
  const dead = await ask('c#0');
  await sql`update tool_call set due_at = app_now() where state = 'running'`.execute(owner);
  expect((await ask('c#0')).body).toMatchObject({ state: 'unknown', error: 'lost' });
  expect((await report(dead, { result: 9 })).body).toMatchObject({
    state: 'unknown',
    result: null,
  });
});

test('a caller never has more done than it wants, and a disabled tool does nothing', async ({
  replica,
  tools,
}) => {
  await replica.tool('send', tools.url, { mode: 'delegated' });
  const within = await replica.ask('send', {}, 'write', { mode: 'network' });
  expect(within).toMatchObject({ status: 403, body: { code: 'caller.forbidden' } });
  expect((await replica.ask('send', {}, 'write', { mode: 'destructive' })).status).toBe(200);
  await replica.call('PATCH', '/api/v1/tools/send', 'admin', { enabled: false });
  expect((await replica.ask('send', {})).status).toBe(409);
  expect((await replica.ask('nothing', {})).status).toBe(404);
  expect((await replica.ask('send', {}, 'read')).status).toBe(403);
  expect(tools.server.received).toHaveLength(1);
});
