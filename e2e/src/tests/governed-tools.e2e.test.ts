import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { bearer } from '../harness/api.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { serveJson } from '../harness/json-server.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const WORKFLOWS = fileURLToPath(
  new URL('../../../examples/approved-tool/src/clean-up.ts', import.meta.url),
);

test('a table is dropped once, by a person’s leave, and the run waits without a worker meanwhile', async ({
  stage,
}) => {
  const { servers } = await install(stage, cluster(), {
    models: [],
    servers: 1,
    environment: { TOOL_PRIVATE_HOSTS: '127.0.0.1', JOB_INTERVAL: '200ms' },
  });
  const [server] = servers;
  const dropped: string[] = [];
  const database = await serveJson(stage, (body) => {
    dropped.push(body);
    return { dropped: true };
  });
  // A model that asks for the tool once, and says what it was told.
  const model = await serveJson(stage, (body) => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] };
    const told = messages.find(({ role }) => role === 'tool');
    const call = { name: 'drop_table', arguments: '{"table":"orders_2019"}' };
    const message =
      told === undefined
        ? { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: call }] }
        : { role: 'assistant', content: `It says ${told.content}` };
    return { choices: [{ message, finish_reason: 'stop' }], usage: {} };
  });
  await server.askWell('/api/v1/tools', {
    body: {
      name: 'drop_table',
      kind: 'http',
      mode: 'destructive',
      http: { method: 'POST', url: `${database}/drop` },
      input_schema: {
        type: 'object',
        required: ['table'],
        properties: { table: { type: 'string' } },
      },
    },
  });
  const enrollmentKey = await makeEnrollmentKey(server);
  const environment = { WORKER_WORKFLOWS: WORKFLOWS, WORKER_PROBE: 'off' };
  const of = { url: server.url, enrollmentKey, models: [], environment };
  const first = startWorker(stage, { ...of, name: 'first' });
  const input = { wish: 'Drop the table of 2019.', model: 'm', apiBase: `${model}/v1` };
  const { id } = await server.askWell('/api/v1/runs', {
    body: { payload: { workflow: 'clean-up', input } },
  });
  const stateIs = (state: string) =>
    waitUntil(
      async () => {
        const run = await server.askWell(`/api/v1/runs/${id}`);
        if (run.state === 'failed' && state !== 'failed') throw new Error(JSON.stringify(run));
        return run.state === state ? run : null;
      },
      { msMax: 40_000, otherwise: () => `the run is not ${state}:\n${first.text()}` },
    );
  await stateIs('waiting');
  expect(dropped).toEqual([]);
  // Whoever goes on is another one.
  await first.kill();
  const { calls } = await server.askWell('/api/v1/tool-calls?state=waiting');
  expect(calls).toMatchObject([{ tool: 'drop_table', requested_by: `run:${id}`, run_id: id }]);
  const [{ id: call, arguments_digest }] = calls as { id: string; arguments_digest: string }[] as [
    { id: string; arguments_digest: string },
  ];
  await server.askWell(`/api/v1/tool-calls/${call}/approve`, { body: { arguments_digest } });
  startWorker(stage, { ...of, name: 'second' });
  const run = await stateIs('completed');
  expect(run.output).toBe('It says {"dropped":true}');
  expect(dropped).toEqual(['{"table":"orders_2019"}']);
  const shown = await server.askWell(`/api/v1/tool-calls/${call}`, {
    headers: bearer(server.administrator),
  });
  expect(shown).toMatchObject({ state: 'completed', attempts: 1, result: { dropped: true } });
}, 90_000);
