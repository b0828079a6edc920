import { expect } from 'vitest';

import { askWell, bearer } from '../harness/api.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { chat, install } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

async function submit(server: Server, fields: object = {}): Promise<string> {
  const payload = { agent: { name: 'a', model: MODEL.name, max_tokens: 30 }, message: 'Hello' };
  const body = { model: MODEL.name, payload, ...fields };
  return (await server.askWell('/api/v1/runs', { body })).id as string;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a run, looked into by tests
function runIn(server: Server, id: string, states: readonly string[]): Promise<any> {
  return waitUntil(
    async () => {
      const run = await server.askWell(`/api/v1/runs/${id}`);
      return states.includes(run.state as string) ? run : null;
    },
    { otherwise: `run ${id} is not ${states.join(' or ')}` },
  );
}

test("a worker's own credential: the provider is called directly, reserved before and settled after", async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), { models: [MODEL] });
  startWorker(stage, {
    url: server.url,
    name: 'own',
    enrollmentKey: await makeEnrollmentKey(server),
    models: [MODEL.name],
    environment: { OPENAI_API_KEY: 'of-the-worker', OPENAI_BASE_URL: upstream.url },
  });
  const run = await runIn(server, await submit(server), ['completed', 'failed']);
  expect(run).toMatchObject({ state: 'completed', calls: 1, output: { message: 'Yes.' } });
  const { spend } = await server.askWell(`/api/v1/spend?run_id=${run.id}`);
  const [served] = upstream.served;
  expect(spend).toMatchObject([
    {
      usage_source: 'declared_by_worker',
      status: 'ok',
      input_tokens: served?.inputTokens,
      output_tokens: served?.outputTokens,
      cost_usd: run.cost_usd,
    },
  ]);
});

test('SIGTERM drains: a run under way ends, and the next start takes up the credential', async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), { models: [MODEL] });
  await upstream.behave(MODEL.name, { latencyMs: 600 });
  const enrollmentKey = await makeEnrollmentKey(server);
  const options = { url: server.url, name: 'w', enrollmentKey, models: [MODEL.name] };
  const worker = startWorker(stage, options);
  const first = await submit(server);
  await upstream.reached(MODEL.name, 1);
  worker.send('SIGTERM');
  expect((await worker.ended).code).toBe(0);
  expect(await runIn(server, first, ['completed', 'failed'])).toMatchObject({ state: 'completed' });

  startWorker(stage, options);
  const second = await submit(server);
  expect(await runIn(server, second, ['completed', 'failed'])).toMatchObject({
    state: 'completed',
  });
  const { keys } = await server.askWell('/api/v1/fleet/enrollment-keys');
  expect(keys).toMatchObject([{ current_uses: 1 }]);
});

test('a cancelled run stops at its worker; a run whose budget is out fails and says so', async ({
  stage,
}) => {
  const { server, upstream } = await install(stage, cluster(), {
    models: [MODEL],
    environment: { WORKER_HEARTBEAT_INTERVAL: '200ms' },
  });
  startWorker(stage, {
    url: server.url,
    name: 'w',
    enrollmentKey: await makeEnrollmentKey(server),
    models: [MODEL.name],
    environment: { HEARTBEAT_INTERVAL: '200ms' },
  });
  await upstream.behave(MODEL.name, { fault: 'silent' });
  const id = await submit(server);
  await upstream.reached(MODEL.name, 1);
  await server.askWell(`/api/v1/runs/${id}/cancel`, { method: 'POST' });
  expect(await runIn(server, id, ['cancelled', 'failed'])).toMatchObject({ state: 'cancelled' });

  await upstream.behave(MODEL.name, {});
  const { project_id: projectId } = await server.askWell(`/api/v1/runs/${id}`);
  await server.askWell(`/api/v1/budgets/project/${projectId}`, {
    method: 'PUT',
    body: { usd_per_day: '0' },
  });
  const poor = await runIn(server, await submit(server), ['completed', 'failed']);
  expect(poor).toMatchObject({ state: 'failed', error: expect.stringMatching(/budget/i) });
});

test('a revoked enrollment key and a rejected worker get nothing', async ({ stage }) => {
  const { server } = await install(stage, cluster(), { models: [MODEL] });
  const body = { name: 'short-lived' };
  const created = await server.askWell('/api/v1/fleet/enrollment-keys', { body });
  await server.askWell(`/api/v1/fleet/enrollment-keys/${created.id}`, { method: 'DELETE' });
  const models = [MODEL.name];
  const late = startWorker(stage, {
    url: server.url,
    name: 'late',
    enrollmentKey: created.key,
    models,
  });
  expect((await late.ended).code).not.toBe(0);

  const unknown = startWorker(stage, { url: server.url, name: 'unknown', models });
  await unknown.says(/waits? for approval/);
  const { workers } = await server.askWell('/api/v1/fleet/workers?status=pending');
  await server.askWell(`/api/v1/fleet/workers/${workers[0].id}/reject`, { method: 'POST' });
  expect((await unknown.ended).code).not.toBe(0);
});

test('a run token pays for its run, calls only its models, and dies with its lease', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: [MODEL, { name: 'other' }] });
  const enrolled = await askWell(`${server.url}/api/v1/fleet/register`, {
    headers: { 'x-enrollment-key': await makeEnrollmentKey(server) },
    body: { name: 'raw', models: [MODEL.name] },
  });
  const headers = bearer(enrolled.token as string);
  const runId = await submit(server);
  const { leases } = await server.askWell('/api/v1/fleet/claim', {
    headers,
    body: { slots: 1, poll_timeout: 5 },
  });
  expect(leases).toMatchObject([{ run_id: runId, worker_id: enrolled.worker_id, epoch: 1 }]);
  const token = leases[0].run_token as string;
  const call = (model: string) => chat(server.url, token, { model, max_tokens: 5 });
  expect((await call(MODEL.name)).status).toBe(200);
  expect((await call('other')).status).toBe(403);
  const { spend } = await server.askWell(`/api/v1/spend?run_id=${runId}`);
  expect(spend).toMatchObject([{ run_id: runId, usage_source: 'provider', key_id: null }]);

  const report = { run_id: runId, epoch: leases[0].epoch, output: { message: 'done' } };
  await server.askWell('/api/v1/fleet/report', { headers, body: report });
  const refused = await waitUntil(
    async () => {
      const answer = await call(MODEL.name);
      return answer.status === 200 ? null : answer;
    },
    { msMax: 3_000, otherwise: 'the token outlives its lease' },
  );
  expect(refused.status).toBe(401);
  expect(refused.json.error).toMatchObject({ message: expect.any(String) });
});
