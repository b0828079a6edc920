import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { askWell } from '../harness/api.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { tapWire } from '../harness/wire-tap.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
const SESSION = /worker ([\w-]{36}), session (\d+)/;

interface Kept {
  readonly worker_id: string;
  readonly worker_secret: string;
}

/** What a worker keeps, and where. */
async function keptIn(home: string): Promise<{ readonly file: string; readonly kept: Kept }> {
  const folder = join(home, 'workers');
  const name = (await readdir(folder)).find((each) => each.endsWith('.json')) ?? '';
  const file = join(folder, name);
  return { file, kept: JSON.parse(await readFile(file, 'utf8')) as Kept };
}

const begin = (stage: Stage, server: Server, more: { home: string; key?: string; url?: string }) =>
  startWorker(stage, {
    url: more.url ?? server.url,
    name: 'w',
    ...(more.key === undefined ? {} : { enrollmentKey: more.key }),
    models: [MODEL.name],
    environment: { SAGEWAI_HOME: more.home, HEARTBEAT_INTERVAL: '500ms' },
  });

async function lockings(server: Server): Promise<readonly object[]> {
  const { entries } = await server.askWell('/api/v1/audit?action=worker.locked');
  return entries as readonly object[];
}

async function completes(server: Server): Promise<void> {
  const payload = { agent: { name: 'a', model: MODEL.name, max_tokens: 30 }, message: 'Hello' };
  const { id } = await server.askWell('/api/v1/runs', { body: { model: MODEL.name, payload } });
  await waitUntil(
    async () => (await server.askWell(`/api/v1/runs/${id}`)).state === 'completed' || null,
    { otherwise: `run ${id} is not completed` },
  );
}

test('a copied home: the worker is locked, whoever comes second, until a person says which is it', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: [MODEL] });
  const home = join(stage.folder, 'home');
  const copy = join(stage.folder, 'copy');
  const key = await makeEnrollmentKey(server);
  const honest = begin(stage, server, { home, key });
  const [, id = ''] = await honest.says(SESSION);
  await cp(home, copy, { recursive: true });
  const thief = begin(stage, server, { home: copy });
  for (const process of [honest, thief]) {
    expect((await process.ended).code).toBe(4);
    expect(process.text()).toContain(`sagewai fleet evict ${id}`);
  }
  const locked = await lockings(server);
  expect(locked).toHaveLength(1);
  expect(locked[0]).toMatchObject({
    subject: `worker:${id}`,
    details: expect.stringContaining('its token was used twice'),
  });

  await server.askWell(`/api/v1/fleet/workers/${id}/unlock`, { body: {} });
  const unlocked = begin(stage, server, { home });
  expect((await unlocked.says(SESSION))[1]).toBe(id);
  await completes(server);

  await server.askWell(`/api/v1/fleet/workers/${id}/evict`, { body: {} });
  expect((await unlocked.ended).code).toBe(4);
  const anew = begin(stage, server, { home, key });
  expect((await anew.says(SESSION))[1]).not.toBe(id);
  await completes(server);
  // What was copied is worth nothing.
  const late = begin(stage, server, { home: copy });
  expect((await late.ended).code).toBe(4);
});

test('nobody is locked by crashes, lost answers, or a second process in the same home', async ({
  stage,
}) => {
  const environment = { WORKER_TOKEN_TTL: '2s' };
  const { server } = await install(stage, cluster(), { models: [MODEL], environment });
  const home = join(stage.folder, 'home');
  const wire = await tapWire(stage, server.port);
  const key = await makeEnrollmentKey(server);
  const more = { home, key, url: wire.url };
  let worker = begin(stage, server, more);
  const [, id = ''] = await worker.says(SESSION);
  for (const before of [0, 1, 2]) {
    // Of a renewal, by a heartbeat.
    wire.lose(/"generation"/);
    await waitUntil(() => wire.lost() > before || null, { otherwise: 'no answer was lost' });
    await worker.kill();
    worker = begin(stage, server, more);
    await worker.says(SESSION);
  }
  // The opening itself.
  await worker.kill();
  wire.lose(/"session_epoch"/);
  worker = begin(stage, server, more);
  await worker.says(SESSION);
  expect(wire.lost()).toBe(4);
  const second = begin(stage, server, more);
  expect((await worker.ended).code).toBe(5);
  await second.says(SESSION);
  await completes(server);
  expect(await lockings(server)).toEqual([]);
  expect((await keptIn(home)).kept.worker_id).toBe(id);
});

test('strict: our workers enroll and work, and one that was enrolled without a key pair brings its own', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: [MODEL] });
  const key = await makeEnrollmentKey(server);
  const home = join(stage.folder, 'old-home');
  // A worker of an older version has left this.
  const { worker_id, worker_secret }: Kept = await askWell(`${server.url}/api/v1/fleet/register`, {
    headers: { 'x-enrollment-key': key },
    body: { name: 'w', models: [MODEL.name] },
  });
  const first = begin(stage, server, { home, key });
  await first.says(SESSION);
  await first.stop();
  const { file, kept } = await keptIn(home);
  const { public_key: _key, ...older } = kept as Kept & { public_key?: string };
  await writeFile(file, JSON.stringify({ ...older, worker_id, worker_secret }));

  await server.askWell('/api/v1/fleet/settings', {
    method: 'PUT',
    body: { enforcement: 'strict' },
  });
  const old = begin(stage, server, { home });
  expect((await old.says(SESSION))[1]).toBe(worker_id);
  expect(old.text()).toContain('its key pair is known to the server now');
  await completes(server);
  await old.stop();

  const { token } = await server.askWell('/api/v1/fleet/tokens', { body: { name: 'pods' } });
  const pod = startWorker(stage, {
    url: server.url,
    name: 'pod',
    models: [MODEL.name],
    environment: { WRT_TOKEN: token as string },
  });
  await pod.says(SESSION);
  await completes(server);
});

test('eight workers behind one address, at two registrations a second, all enroll by themselves', async ({
  stage,
}) => {
  const environment = { REGISTRATIONS_PER_SECOND: '2', REGISTRATION_BURST: '1' };
  const { server } = await install(stage, cluster(), { models: [MODEL], environment });
  const enrollmentKey = await makeEnrollmentKey(server);
  const names = Array.from({ length: 8 }, (_, index) => `scaled-${index + 1}`);
  const workers = names.map((name) =>
    startWorker(stage, { url: server.url, name, enrollmentKey, models: [MODEL.name] }),
  );
  const sessions = await Promise.all(workers.map((worker) => worker.says(SESSION, 90_000)));
  expect(new Set(sessions.map(([, id]) => id)).size).toBe(8);
  const waited = workers.filter((worker) => worker.text().includes('waiting for the server'));
  expect(waited.length).toBeGreaterThan(0);
  await completes(server);
});
