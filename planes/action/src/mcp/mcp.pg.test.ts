import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, vi } from 'vitest';

import type { ActionFixture } from '../action-fixture.ts';
import { actionTest as test } from '../action-test.ts';
import type { Behaviour } from '../tool-server-fixture.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

interface Rpc {
  readonly id?: number;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

async function exchange(
  replica: ActionFixture,
  method: string,
  params: object = {},
  { as = 'write', headers = {} }: { as?: string; headers?: Record<string, string> } = {},
) {
  const answer = await replica.app.inject({
    method: 'POST',
    url: '/mcp',
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
    payload: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return { status: answer.statusCode, body: JSON.parse(answer.payload || 'null') as unknown };
}
const modern = (replica: ActionFixture, method: string, params: object = {}, as = 'write') =>
  exchange(
    replica,
    method,
    { ...params, _meta: META },
    { as, headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method } },
  );

test('any MCP client has the tools of its project, by both lives of the protocol, under the same gate', async ({
  replica,
  tools,
}) => {
  const output_schema = { type: 'object' };
  const input_schema = { type: 'object', properties: { n: { type: 'number' } } };
  await replica.tool('add', tools.url, { output_schema, input_schema, description: 'Adds' });
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  await replica.call('POST', '/api/v1/tools', 'admin', { name: 'local', kind: 'worker' });
  const begun = await exchange(replica, 'initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
  });
  expect(begun.body).toMatchObject({
    result: { protocolVersion: '2025-06-18', capabilities: { tools: {} } },
  });
  expect((await exchange(replica, 'ping')).body).toMatchObject({ result: {} });
  const listed = await exchange(replica, 'tools/list', {}, { as: 'read' });
  expect(listed.body).toMatchObject({
    result: {
      tools: [
        {
          name: 'add',
          description: 'Adds',
          inputSchema: input_schema,
          annotations: { destructiveHint: false },
        },
        { name: 'drop', annotations: { destructiveHint: true } },
      ],
    },
  });
  const called = await exchange(replica, 'tools/call', { name: 'add', arguments: { n: 1 } });
  expect(called.body).toMatchObject({
    result: {
      structuredContent: { done: { n: 1 } },
      content: [{ type: 'text', text: '{"done":{"n":1}}' }],
    },
  });
  expect((await modern(replica, 'server/discover')).body).toMatchObject({
    result: { resultType: 'complete', supportedVersions: ['2026-07-28'] },
  });
  const again = await modern(replica, 'tools/call', { name: 'add', arguments: { n: 'x' } });
  expect(again.body).toMatchObject({
    result: { isError: true, content: [{ text: expect.stringContaining('/n') }] },
  });
  // What waits for a person is asked for again with the same arguments, as a model does.
  const drop = () => modern(replica, 'tools/call', { name: 'drop', arguments: {} });
  const waits = await drop();
  expect(waits.body).toMatchObject({
    result: { isError: true, content: [{ text: expect.stringContaining('approve') }] },
  });
  const open = await replica.call('GET', '/api/v1/tool-calls?state=waiting', 'read');
  const [call] = open.body['calls'] as { id: string; arguments_digest: string }[];
  await drop();
  const digest = { arguments_digest: call?.arguments_digest };
  await replica.call('POST', `/api/v1/tool-calls/${call?.id}/approve`, 'other', digest);
  expect((await drop()).body).toMatchObject({ result: { content: [{ text: '{"done":{}}' }] } });
  expect(tools.server.received).toHaveLength(2);
  // The next one is another.
  expect((await drop()).body).toMatchObject({ result: { isError: true } });
  const forbidden = await exchange(replica, 'tools/call', { name: 'add' }, { as: 'read' });
  expect(forbidden.body).toMatchObject({ error: { data: { code: 'caller.forbidden' } } });
  expect((await exchange(replica, 'tools/call', { name: 'local' })).body).toMatchObject({
    error: { code: -32602 },
  });
});

test('a run that asks again at /mcp for what was approved has it made', async ({
  replica,
  tools,
}) => {
  await replica.tool('drop', tools.url, { mode: 'destructive' });
  const worker = await replica.worker();
  await replica.submit();
  const { runToken: as } = await replica.claim(worker);
  const drop = (more: object = {}) =>
    exchange(replica, 'tools/call', { name: 'drop', arguments: {}, ...more }, { as });
  await drop();
  await drop();
  const open = await replica.call('GET', '/api/v1/tool-calls?state=waiting', 'read');
  const calls = open.body['calls'] as { id: string; arguments_digest: string }[];
  expect(calls).toHaveLength(1);
  const digest = { arguments_digest: calls[0]?.arguments_digest };
  await replica.call('POST', `/api/v1/tool-calls/${calls[0]?.id}/approve`, 'other', digest);
  expect((await drop()).body).toMatchObject({ result: { content: [{ text: '{"done":{}}' }] } });
  expect(tools.server.received).toHaveLength(1);
  const long = await drop({ _meta: { 'sagewai/idempotency-key': 'k'.repeat(301) } });
  expect(long.body).toMatchObject({ error: { code: -32602 } });
});

test('what is no message of the protocol is refused as it says', async ({ replica }) => {
  const version = { 'mcp-protocol-version': '2026-07-28' };
  expect(await exchange(replica, 'tools/list', {}, { headers: version })).toMatchObject({
    status: 400,
    body: { id: 1, error: { code: -32602 } },
  });
  expect(await exchange(replica, 'tools/list', { _meta: META })).toMatchObject({
    status: 400,
    body: { error: { code: -32020 } },
  });
  const other = { ...META, 'io.modelcontextprotocol/protocolVersion': '2031-01-01' };
  const headers = { 'mcp-protocol-version': '2031-01-01' };
  expect(await exchange(replica, 'tools/list', { _meta: other }, { headers })).toMatchObject({
    status: 400,
    body: { error: { data: { supported: ['2026-07-28'], requested: '2031-01-01' } } },
  });
  expect(await modern(replica, 'ping')).toMatchObject({
    status: 404,
    body: { error: { code: -32601 } },
  });
  expect(await exchange(replica, 'resources/list')).toMatchObject({
    status: 200,
    body: { error: { code: -32601 } },
  });
  const page = await exchange(replica, 'ping', {}, { headers: { origin: 'https://evil.example' } });
  expect(page).toMatchObject({ status: 403, body: { code: 'caller.forged' } });
  const unknown = await replica.app.inject({ method: 'POST', url: '/mcp', payload: {} });
  expect(unknown.statusCode).toBe(401);
});

const schema = { type: 'object', properties: { q: { type: 'string' } } };

/** A server of the protocol, by one of its lives; what it lists can change. */
function mcpServer(
  life: 'modern' | 'former',
  state: { schema: object; answer?: object },
): Behaviour {
  const respond = (response: ServerResponse, message: object): void => {
    if (life === 'modern') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(message));
      return;
    }
    // As many do, it leaves the stream open.
    response.setHeader('content-type', 'text/event-stream');
    response.setHeader('mcp-session-id', 'one');
    response.write(
      `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n`,
    );
    response.write(`id: 7\nevent: message\ndata: ${JSON.stringify(message)}\n\n`);
  };
  return ({ method: verb, body, headers }, response) => {
    if (verb === 'DELETE') {
      response.statusCode = 204;
      response.end();
      return;
    }
    const { id, method, params } = JSON.parse(body) as Rpc;
    if (id === undefined) {
      response.statusCode = 202;
      response.end();
      return;
    }
    const isBegun =
      life === 'modern' || method === 'initialize' || headers['mcp-session-id'] === 'one';
    const results: Record<string, object> = {
      ...(life === 'modern'
        ? { 'server/discover': { supportedVersions: ['2026-07-28'], capabilities: {} } }
        : { initialize: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} } }),
      'tools/list': {
        tools: [{ name: 'search', description: 'Searches', inputSchema: state.schema }],
      },
      'tools/call': state.answer ?? {
        content: [{ type: 'text', text: `found ${JSON.stringify(params['arguments'])}` }],
      },
    };
    const result = results[method];
    if (!isBegun || result === undefined) {
      response.statusCode = 400;
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no' } }),
      );
      return;
    }
    respond(response, { jsonrpc: '2.0', id, result });
  };
}

for (const life of ['modern', 'former'] as const) {
  test(`a tool of an MCP server is discovered, pinned and called (${life})`, async ({
    replica,
    tools,
  }) => {
    const state: { schema: object; answer?: object } = { schema };
    tools.server.behaviour = mcpServer(life, state);
    const discovered = await replica.call('POST', '/api/v1/tools/discover', 'admin', {
      mcp: { url: `${tools.url}/mcp` },
      credential: { value: 'canary-secret' },
    });
    expect(discovered.body).toMatchObject({ tools: [{ name: 'search', input_schema: schema }] });
    const [{ pin } = { pin: '' }] = discovered.body['tools'] as { pin: string }[];
    await replica.call('POST', '/api/v1/tools', 'admin', {
      name: 'search',
      kind: 'mcp',
      mode: 'network',
      mcp: { url: `${tools.url}/mcp`, pin },
      input_schema: schema,
      credential: { value: 'canary-secret' },
    });
    const called = await replica.ask('search', { q: 'tea' });
    expect(called.body).toMatchObject({
      state: 'completed',
      result: { content: [{ type: 'text', text: 'found {"q":"tea"}' }] },
    });
    expect(
      tools.server.received.every(
        ({ headers }) => headers.authorization === 'Bearer canary-secret',
      ),
    ).toBe(true);
    // What the server keeps for its client ends with the call.
    const farewells = () => tools.server.received.filter(({ method }) => method === 'DELETE');
    if (life === 'former') {
      await vi.waitFor(() => expect(farewells()).toHaveLength(2), 10_000);
      expect(farewells().at(-1)?.headers['mcp-session-id']).toBe('one');
    } else {
      expect(farewells()).toEqual([]);
    }
    const offered = await exchange(replica, 'tools/call', {
      name: 'search',
      arguments: { q: 'x' },
    });
    expect(offered.body).toMatchObject({ result: { content: [{ text: 'found {"q":"x"}' }] } });
    state.answer = { content: [{ type: 'text', text: 'no canary-secret today' }], isError: true };
    expect((await replica.ask('search', {})).body).toMatchObject({
      state: 'failed',
      error: 'refused',
      message: 'no [secret] today',
    });
    state.answer = { stuff: true };
    expect((await replica.ask('search', {})).body).toMatchObject({
      state: 'failed',
      error: 'garbage',
    });
    // The server says another schema than the one that was agreed to.
    tools.server.received.length = 0;
    state.schema = { ...schema, required: ['everything'] };
    expect((await replica.ask('search', {})).body).toMatchObject({
      state: 'failed',
      error: 'changed',
    });
    expect(tools.server.received.some(({ body }) => body.includes('tools/call'))).toBe(false);
  });
}

test('a server may list more than one of its tools may answer', async ({ replica, tools }) => {
  const long = { ...schema, description: 'x'.repeat(5_000) };
  const state: { schema: object; answer?: object } = { schema: long };
  tools.server.behaviour = mcpServer('modern', state);
  const mcp = { url: tools.url };
  const discovered = await replica.call('POST', '/api/v1/tools/discover', 'admin', { mcp });
  const [{ pin } = { pin: '' }] = discovered.body['tools'] as { pin: string }[];
  await replica.call('POST', '/api/v1/tools', 'admin', {
    name: 'search',
    kind: 'mcp',
    mode: 'network',
    mcp: { ...mcp, pin },
    result_bytes_max: 1_000,
  });
  expect((await replica.ask('search', {})).body).toMatchObject({ state: 'completed' });
  state.answer = { content: [{ type: 'text', text: 'x'.repeat(2_000) }] };
  expect((await replica.ask('search', {})).body).toMatchObject({ error: 'oversized' });
});

test('an MCP server that dies in a call leaves it unknown; before it, nothing has happened', async ({
  replica,
  tools,
}) => {
  const alive = mcpServer('modern', { schema });
  const mcp = { url: tools.url };
  await replica.call('POST', '/api/v1/tools', 'admin', {
    name: 'search',
    kind: 'mcp',
    mode: 'network',
    mcp,
    retries: 0,
  });
  tools.server.behaviour = (received, response) =>
    received.body.includes('tools/call') ? void response.destroy() : alive(received, response);
  expect((await replica.ask('search', {})).body).toMatchObject({ state: 'unknown', error: 'cut' });
  // A stream that is ended in order, and has no answer in it, has said nothing either.
  tools.server.behaviour = (received, response) => {
    if (!received.body.includes('tools/call')) return alive(received, response);
    response.setHeader('content-type', 'text/event-stream');
    response.end(': working\n\n');
  };
  expect((await replica.ask('search', {})).body).toMatchObject({ state: 'unknown', error: 'cut' });
  tools.server.behaviour = (_, response) => void response.destroy();
  expect((await replica.ask('search', {})).body).toMatchObject({ state: 'failed', error: 'cut' });
});

test('what an MCP server asks is no answer, though it has the same id', async ({
  replica,
  tools,
}) => {
  const alive = mcpServer('modern', { schema });
  tools.server.behaviour = (received, response) => {
    const { id, method } = JSON.parse(received.body) as Rpc;
    if (method !== 'tools/call') return alive(received, response);
    const result = { content: [{ type: 'text', text: 'found' }] };
    response.setHeader('content-type', 'text/event-stream');
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n\n`);
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
  };
  const body = { name: 'search', kind: 'mcp', mode: 'network', mcp: { url: tools.url } };
  await replica.call('POST', '/api/v1/tools', 'admin', body);
  expect((await replica.ask('search', {})).body).toMatchObject({
    state: 'completed',
    result: { content: [{ text: 'found' }] },
  });
});

const PROGRAM = `#!${process.execPath}
let text = '';
process.stdin.on('data', (piece) => {
  text += piece;
  const lines = text.split('\\n');
  text = lines.pop();
  for (const line of lines) {
    const { id, method } = JSON.parse(line);
    const results = {
      initialize: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} },
      'tools/call': { content: [{ type: 'text', text: Object.keys(process.env).join() }] },
    };
    if (id === undefined) continue;
    const result = results[method];
    const said = result ? { result } : { error: { code: -32601, message: 'no' } };
    console.log(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
  }
});
`;

test('a program that ends in a call leaves it unknown, and one that answers and ends has answered', async ({
  replicaWith,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-'));
  const [dies, ends] = [join(folder, 'dies.js'), join(folder, 'ends.js')];
  const named = replicaWith({ settings: { commands: [dies, ends] } });
  const called = (then: string) =>
    PROGRAM.replace(
      '    console.log',
      `    if (method === 'tools/call') ${then};\n    console.log`,
    );
  writeFileSync(dies, called('process.exit(1)'));
  writeFileSync(ends, called('process.stdin.destroy()'));
  for (const program of [dies, ends]) {
    chmodSync(program, 0o755);
    await named.call('POST', '/api/v1/tools', 'admin', {
      name: program === dies ? 'dies' : 'ends',
      kind: 'mcp',
      mode: 'local_write',
      mcp: { command: [program] },
      retries: 0,
    });
  }
  expect((await named.ask('dies', {})).body).toMatchObject({ state: 'unknown', error: 'cut' });
  expect((await named.ask('ends', {})).body).toMatchObject({ state: 'completed' });
  rmSync(folder, { recursive: true });
});

test('a program is an MCP server only where the operator has named it, and sees nothing of the server', async ({
  replica,
  replicaWith,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-'));
  const program = join(folder, 'server.js');
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  const body = {
    name: 'own',
    kind: 'mcp',
    mode: 'local_write',
    mcp: { command: [program] },
    retries: 0,
  };
  const refused = await replica.call('POST', '/api/v1/tools', 'admin', body);
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: '/mcp' }] } });
  const named = replicaWith({ settings: { commands: [program] } });
  expect((await named.call('POST', '/api/v1/tools', 'admin', body)).status).toBe(201);
  const called = await named.ask('own', {});
  expect(called.body).toMatchObject({
    state: 'completed',
    result: { content: [{ text: 'PATH' }] },
  });
  // It was taken back since.
  expect((await replica.ask('own', {})).body).toMatchObject({
    state: 'failed',
    error: 'unreachable',
  });
  rmSync(folder, { recursive: true });
});
