import { type Message, type Part, Role, TaskState } from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  createAuthenticatingFetchWithRetry,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';
import { expect, vi } from 'vitest';

import { report, taken } from '../asked/work-fixture.ts';
import { decisionTest } from '../decision-test.ts';

const ASKS = {
  type: 'object',
  description: 'Finds things out.',
  properties: { message: { type: 'string' } },
  required: ['message'],
};

interface Agents {
  readonly url: string;
  readonly worker: string;
  connect(as: string, path: string): Promise<Client>;
}

const test = decisionTest.extend<{ agents: Agents }>({
  agents: async ({ replica }, use) => {
    const url = await replica.app.listen({ host: '127.0.0.1', port: 0 });
    const worker = await replica.worker();
    await replica.call('PUT', '/api/v1/fleet/workflows', worker, {
      workflows: [{ name: 'research', input_schema: ASKS }, { name: 'a b' }],
    });
    await use({
      url,
      worker,
      connect: (as, path) => {
        const fetchImpl = createAuthenticatingFetchWithRetry(fetch, {
          headers: async () => ({ authorization: `Bearer ${as}` }),
          shouldRetryWithHeaders: async () => undefined,
        });
        const factory = new ClientFactory({
          transports: [new JsonRpcTransportFactory({ fetchImpl })],
          cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
        });
        return factory.createFromUrl(`${url}${path}`);
      },
    });
  },
});

let made = 0;
const message = (text: string, more: Partial<Message> = {}): Message => ({
  messageId: `m${(made += 1)}`,
  contextId: '',
  taskId: '',
  role: Role.ROLE_USER,
  parts: [words(text)],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
  ...more,
});
const words = (text: string): Part => ({
  content: { $case: 'text', value: text },
  metadata: undefined,
  filename: '',
  mediaType: '',
});
const request = (said: Message, returnImmediately = false) => ({
  tenant: '',
  message: said,
  configuration: {
    acceptedOutputModes: [],
    taskPushNotificationConfig: undefined,
    historyLength: undefined,
    returnImmediately,
  },
  metadata: undefined,
});

const countCancelled = (db: Db, orgId: OrganizationId): Promise<number> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from audit_entry where action = 'run.cancelled'
    `.execute(tx);
    return rows[0]?.count ?? 0;
  });

test('an A2A client finds a workflow by its card, asks it, and is answered what the run comes to', async ({
  replica,
  agents,
}) => {
  const client = await agents.connect('write', '/a2a/research/');
  expect(await client.getAgentCard()).toMatchObject({
    name: 'research',
    description: 'Finds things out.',
    capabilities: { streaming: true },
    supportedInterfaces: [{ url: `${agents.url}/a2a/research`, protocolVersion: '1.0' }],
    skills: [{ id: 'research' }],
  });
  const asked = client.sendMessage(request(message('why is tea green?')));
  const held = await taken(replica, agents.worker);
  const run = await replica.call('GET', `/api/v1/runs/${held.runId}`, 'read');
  expect(run.body['payload']).toEqual({
    workflow: 'research',
    input: { message: 'why is tea green?' },
  });
  await report(replica, held, { output: 'it is not heated for long' });
  expect(await asked).toMatchObject({
    id: held.runId,
    contextId: held.runId,
    status: { state: TaskState.TASK_STATE_COMPLETED },
    artifacts: [{ parts: [{ content: { $case: 'text', value: 'it is not heated for long' } }] }],
  });
  const history = await replica.call('GET', '/api/v1/workflows/research/runs', 'read');
  expect(history.body).toMatchObject({ runs: [{ id: held.runId }] });
});

test('the card of the server has every workflow as a skill, and a message names its own', async ({
  replica,
  agents,
}) => {
  const client = await agents.connect('write', '/');
  const card = await client.getAgentCard();
  expect(card.skills.map(({ id }) => id)).toEqual(['a b', 'research']);
  await expect(client.sendMessage(request(message('hello')))).rejects.toThrow('metadata.skill');
  const said = message('hello', { metadata: { skill: 'a b' } });
  const task = await client.sendMessage(request(said, true));
  expect(task).toMatchObject({ status: { state: TaskState.TASK_STATE_SUBMITTED } });
  const held = await taken(replica, agents.worker);
  // The same message is the same task.
  expect(await client.sendMessage(request(said, true))).toMatchObject({ id: held.runId });
  await report(replica, held, { output: { said: 'hello' } });
  const seen = await client.getTask({ tenant: '', id: held.runId, historyLength: undefined });
  expect(seen).toMatchObject({
    status: { state: TaskState.TASK_STATE_COMPLETED },
    artifacts: [{ parts: [{ content: { $case: 'data', value: { said: 'hello' } } }] }],
  });
  const cardOfOne = await agents.connect('write', '/a2a/a%20b/');
  expect(await cardOfOne.getAgentCard()).toMatchObject({ name: 'a b' });
});

test('a stream tells each state of a task, its result, and then its end', async ({
  replica,
  agents,
}) => {
  const client = await agents.connect('write', '/a2a/research/');
  const told: string[] = [];
  const stream = (async () => {
    for await (const { payload } of client.sendMessageStream(request(message('why?')))) {
      if (payload?.$case === 'task' || payload?.$case === 'statusUpdate') {
        told.push(`${payload.$case} ${TaskState[payload.value.status?.state ?? 0]}`);
      } else told.push(payload?.$case ?? '');
    }
  })();
  // Nobody takes it before it was told.
  await vi.waitFor(() => expect(told).toEqual(['task TASK_STATE_SUBMITTED']), 5_000);
  const held = await taken(replica, agents.worker);
  await vi.waitFor(() => expect(told).toContain('statusUpdate TASK_STATE_WORKING'), 5_000);
  await report(replica, held, { output: 'so' });
  await stream;
  expect(told).toEqual([
    'task TASK_STATE_SUBMITTED',
    'statusUpdate TASK_STATE_WORKING',
    'artifactUpdate',
    'statusUpdate TASK_STATE_COMPLETED',
  ]);
  const again = client.resubscribeTask({ tenant: '', id: held.runId });
  await expect(again.next()).rejects.toThrow('has ended');
});

test('a task is cancelled by whoever may, and once it has ended by nobody', async ({
  db,
  tenant,
  replica,
  agents,
}) => {
  const client = await agents.connect('write', '/a2a/research/');
  const { id } = (await client.sendMessage(request(message('why?'), true))) as { id: string };
  const reader = await agents.connect('read', '/a2a/research/');
  const named = { tenant: '', id, metadata: undefined };
  await expect(reader.cancelTask(named)).rejects.toThrow('run:cancel');
  expect(await client.cancelTask(named)).toMatchObject({
    status: { state: TaskState.TASK_STATE_CANCELED },
  });
  await expect(client.cancelTask(named)).rejects.toThrow('cancelled');
  await expect(replica.claim(agents.worker)).rejects.toThrow('nothing was claimed');
  expect(await countCancelled(db, tenant.orgId)).toBe(1);
});

test('what a caller may not do, or what is not taken, begins nothing', async ({
  replica,
  agents,
}) => {
  const client = await agents.connect('write', '/a2a/research/');
  const reader = await agents.connect('read', '/a2a/research/');
  await expect(reader.sendMessage(request(message('why?')))).rejects.toThrow('run:submit');
  const file: Part = { ...words(''), content: { $case: 'url', value: 'https://a.example/' } };
  for (const [said, why] of [
    [message('why?', { parts: [file] }), 'files'],
    [message('why?', { taskId: 'x' }), 'taskId'],
    [message('why?', { messageId: '' }), 'messageId'],
    [message('', { parts: [] }), 'parts'],
    [
      message('', { parts: [{ ...words(''), content: { $case: 'data', value: { message: 1 } } }] }),
      'does not take',
    ],
  ] as const) {
    await expect(client.sendMessage(request(said))).rejects.toThrow(why);
  }
  const other = await agents.connect('write', '/a2a/a%20b/');
  const { id } = (await client.sendMessage(request(message('mine'), true))) as { id: string };
  // It is a task of the other agent.
  await expect(other.getTask({ tenant: '', id, historyLength: undefined })).rejects.toThrow(
    'no such task',
  );
  await replica.claim(agents.worker);
  await expect(replica.claim(agents.worker)).rejects.toThrow('nothing was claimed');
  const raw = await replica.app.inject({
    method: 'POST',
    url: '/a2a/research',
    headers: {
      authorization: 'Bearer write',
      'a2a-version': '0.3',
      'content-type': 'application/json',
    },
    payload: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/send', params: {} }),
  });
  expect(JSON.parse(raw.payload)).toMatchObject({ id: 1, error: { code: -32009 } });
  const anonymous = await replica.app.inject({ url: '/.well-known/agent-card.json' });
  expect(anonymous.statusCode).toBe(401);
});
