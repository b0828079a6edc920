import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';
import { expect, vi } from 'vitest';

import type { DecisionFixture } from '../decision-fixture.ts';
import { decisionTest } from '../decision-test.ts';
import { report, taken } from './work-fixture.ts';

const ITEM = {
  type: 'object',
  description: 'Buys one thing.',
  properties: { item: { type: 'string' } },
  required: ['item'],
};

interface Shop {
  readonly url: URL;
  readonly worker: string;
  connect(as: string): Promise<Client>;
}

const test = decisionTest.extend<{ shop: Shop }>({
  shop: async ({ replica }, use) => {
    const url = new URL('/mcp', await replica.app.listen({ host: '127.0.0.1', port: 0 }));
    const worker = await replica.worker();
    await replica.call('PUT', '/api/v1/fleet/workflows', worker, {
      workflows: [
        { name: 'order', input_schema: ITEM },
        { name: 'count', input_schema: { type: 'array' } },
        { name: 'no name for a model' },
      ],
    });
    const clients: Client[] = [];
    await use({
      url,
      worker,
      connect: async (as) => {
        const client = new Client({ name: 'test', version: '1' });
        const requestInit = { headers: { authorization: `Bearer ${as}` } };
        await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
        clients.push(client);
        return client;
      },
    });
    for (const client of clients) await client.close();
  },
});

const countCancelled = (db: Db, orgId: OrganizationId): Promise<number> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from audit_entry where action = 'run.cancelled'
    `.execute(tx);
    return rows[0]?.count ?? 0;
  });

const stateOf = async (replica: DecisionFixture, runId: string): Promise<unknown> =>
  (await replica.call('GET', `/api/v1/runs/${runId}`, 'read')).body['state'];

test('an MCP client is offered workflows as tools, and is answered what a run comes to', async ({
  replica,
  shop,
}) => {
  const client = await shop.connect('write');
  const { tools } = await client.listTools();
  expect(tools).toMatchObject([
    { name: 'run_count', inputSchema: { required: ['input'] } },
    {
      name: 'run_order',
      description: expect.stringContaining('Buys one thing'),
      inputSchema: ITEM,
    },
  ]);

  const asked = client.callTool({ name: 'run_order', arguments: { item: 'tea' } });
  const held = await taken(replica, shop.worker);
  const run = await replica.call('GET', `/api/v1/runs/${held.runId}`, 'read');
  expect(run.body).toMatchObject({ payload: { workflow: 'order', input: { item: 'tea' } } });
  await report(replica, held, { output: { ordered: 'tea' } });
  expect(await asked).toMatchObject({
    content: [{ type: 'text', text: '{"ordered":"tea"}' }],
    structuredContent: { ordered: 'tea' },
    _meta: { 'sagewai/run-id': held.runId },
  });
  // W3. It is in the workflow's history like any other.
  const history = await replica.call('GET', '/api/v1/workflows/order/runs', 'read');
  expect(history.body).toMatchObject({ runs: [{ id: held.runId }] });

  const counting = client.callTool({ name: 'run_count', arguments: { input: [1, 2] } });
  const second = await taken(replica, shop.worker);
  await report(replica, second, { status: 'failed', error: 'no more than one', retry: false });
  expect(await counting).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('no more than one') }],
  });
});

test('what a workflow does not take is refused before anything runs, for the model to mend', async ({
  replica,
  shop,
}) => {
  const client = await shop.connect('write');
  const wrong = await client.callTool({ name: 'run_order', arguments: { item: 1 } });
  expect(wrong).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('/item') }],
  });
  await expect(client.callTool({ name: 'run_nothing', arguments: {} })).rejects.toThrow('no tool');
  await expect(replica.claim(shop.worker)).rejects.toThrow('nothing was claimed');
});

test('who may not submit runs is offered no workflow, and begins none', async ({
  replica,
  shop,
}) => {
  const client = await shop.connect('read');
  expect((await client.listTools()).tools).toEqual([]);
  await expect(client.callTool({ name: 'run_order', arguments: { item: 'tea' } })).rejects.toThrow(
    'permission',
  );
  await expect(replica.claim(shop.worker)).rejects.toThrow('nothing was claimed');
});

test('the same key is the same run, whoever of its caller asks', async ({ replica, shop }) => {
  const [one, two] = [await shop.connect('write'), await shop.connect('write')];
  const call = {
    name: 'run_order',
    arguments: { item: 'tea' },
    _meta: { 'sagewai/idempotency-key': 'k' },
  };
  const both = Promise.all([one.callTool(call), two.callTool(call)]);
  const held = await taken(replica, shop.worker);
  await report(replica, held, { output: 'once' });
  expect(await both).toMatchObject([
    { content: [{ text: 'once' }], _meta: { 'sagewai/run-id': held.runId } },
    { content: [{ text: 'once' }], _meta: { 'sagewai/run-id': held.runId } },
  ]);
});

test('a client hears how its run gets on, and a run that it cancels is cancelled', async ({
  db,
  tenant,
  replica,
  shop,
}) => {
  const client = await shop.connect('write');
  const heard: string[] = [];
  const stop = new AbortController();
  const asked = client.callTool(
    { name: 'run_order', arguments: { item: 'tea' } },
    {
      signal: stop.signal,
      onprogress: ({ message }) => void heard.push(message ?? ''),
    },
  );
  asked.catch(() => undefined);
  const held = await taken(replica, shop.worker);
  await vi.waitFor(() => expect(heard.at(-1)).toBe(`run ${held.runId} is running`), 5_000);
  stop.abort('enough');
  await expect(asked).rejects.toThrow('enough');
  await vi.waitFor(async () => {
    const { body } = await replica.call('GET', `/api/v1/runs/${held.runId}`, 'read');
    expect(body['cancel_requested']).toBe(true);
  }, 5_000);
  await report(replica, held, { status: 'cancelled' });
  expect(await stateOf(replica, held.runId)).toBe('cancelled');
  expect(await countCancelled(db, tenant.orgId)).toBe(1);
});

test('a client that only leaves has its run go on', async ({ replica, shop }) => {
  const client = await shop.connect('write');
  const asked = client.callTool({ name: 'run_order', arguments: { item: 'tea' } });
  asked.catch(() => undefined);
  const held = await taken(replica, shop.worker);
  await client.close();
  await asked.catch(() => undefined);
  await report(replica, held, { output: 'done' });
  expect(await stateOf(replica, held.runId)).toBe('completed');
});

test('of the later revision, who closes the connection cancels', async ({ replica, shop }) => {
  const stop = new AbortController();
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: 'run_order', arguments: { item: 'tea' }, _meta };
  const asked = fetch(shop.url, {
    method: 'POST',
    headers: {
      authorization: 'Bearer write',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    signal: stop.signal,
  });
  asked.catch(() => undefined);
  const held = await taken(replica, shop.worker);
  stop.abort();
  await vi.waitFor(async () => {
    const { body } = await replica.call('GET', `/api/v1/runs/${held.runId}`, 'read');
    expect(body['cancel_requested']).toBe(true);
  }, 5_000);
});
