import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ScriptedS3 } from '@sagewai/testing/scripted-s3';
import { describe, expect } from 'vitest';

import { query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install, type Installation } from '../harness/installation.ts';
import type { Environment } from '../harness/sagewai.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted' };
const MiB = 1024 * 1024;
/** The agent's name comes back in the output. */
const NAME = 'a-name-of-two-megabytes '.repeat((2 * MiB) / 24);

async function startS3(stage: Stage): Promise<{ s3: ScriptedS3; environment: Environment }> {
  const s3 = await ScriptedS3.start();
  stage.defer('the bucket', () => s3.stop());
  const environment = {
    OBJECT_STORE_URL: `s3://${s3.bucket}/of-a-test`,
    OBJECT_STORE_ENDPOINT: s3.url,
    OBJECT_STORE_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.id,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secret,
  };
  return { s3, environment };
}

async function runLarge(stage: Stage, { server, database }: Installation): Promise<void> {
  startWorker(stage, {
    url: server.url,
    name: 'w',
    enrollmentKey: await makeEnrollmentKey(server),
    models: [MODEL.name],
  });
  const payload = { agent: { name: NAME, model: MODEL.name, max_tokens: 30 }, message: 'Hello' };
  const { id } = await server.askWell('/api/v1/runs', { body: { model: MODEL.name, payload } });
  const run = await waitUntil(
    async () => {
      const seen = await server.askWell(`/api/v1/runs/${id}`);
      return ['completed', 'failed'].includes(seen.state as string) ? seen : null;
    },
    { otherwise: `run ${id} does not end` },
  );
  expect(run.error).toBeNull();
  expect(run.state).toBe('completed');
  expect(run.payload).toEqual(payload);
  expect(run.output.agent).toBe(NAME);
  const [row] = await query<{ payload: number; output: number }>(
    database.adminUrl,
    `select octet_length(r.payload::text) as payload, octet_length(o.output::text) as output
     from run r join outcome o using (run_id) where run_id = $1`,
    [id],
  );
  expect(row?.payload).toBeLessThan(250);
  expect(row?.output).toBeLessThan(250);
}

describe('a payload and an output of two megabytes', () => {
  test('in files of the home', async ({ stage }) => {
    const home = join(stage.folder, 'home-with-objects');
    const environment = { SAGEWAI_HOME: home };
    const installation = await install(stage, cluster(), { models: [MODEL], environment });
    await runLarge(stage, installation);
    const names = await readdir(join(home, 'objects'), { recursive: true, withFileTypes: true });
    const files = names.filter((each) => each.isFile());
    expect(files).toHaveLength(2);
    for (const { parentPath, name } of files) {
      const { mode, size } = await stat(join(parentPath, name));
      expect(mode & 0o777).toBe(0o600);
      expect(size).toBeGreaterThan(2 * MiB - 1_000);
    }
  });

  test('in a bucket', async ({ stage }) => {
    const { s3, environment } = await startS3(stage);
    const installation = await install(stage, cluster(), { models: [MODEL], environment });
    await runLarge(stage, installation);
    const kinds = [...s3.objects.keys()].map((key) => key.split('/').at(-2) ?? '');
    expect(kinds.toSorted((one, other) => one.localeCompare(other))).toEqual(['output', 'payload']);
    const health = await installation.server.askWell('/api/v1/admin/health');
    expect(health.dependencies).toContainEqual(
      expect.objectContaining({ name: 'objects (s3)', state: 'up' }),
    );
    const metrics = await installation.server.ask('/metrics');
    expect(metrics.text).toMatch(/sagewai_object_bytes_total\{operation="put"\} [4-9]\d{6}/);
  });
});

test('too large a payload answers 413 and names the limit, on the way to the body limit too', async ({
  stage,
}) => {
  const environment = { PAYLOAD_BYTES_MAX: '1000000', BODY_BYTES_MAX: '2000000' };
  const { server } = await install(stage, cluster(), { models: [MODEL], environment });
  const submit = (bytes: number) =>
    server.ask('/api/v1/runs', { body: { payload: { t: 'x'.repeat(bytes) } } });
  expect((await submit(900_000)).status).toBe(201);
  expect(await submit(1_500_000)).toMatchObject({
    status: 413,
    json: { code: 'request.too_large', detail: expect.stringContaining('1000000 bytes') },
  });
  expect(await submit(2_500_000)).toMatchObject({ status: 413 });
});

test('a server that dies between upload and commit leaves nothing behind', async ({ stage }) => {
  const { s3, environment } = await startS3(stage);
  const { server, database } = await install(stage, cluster(), {
    models: [MODEL],
    environment: { ...environment, OBJECT_SWEEP_INTERVAL: '300ms', OBJECT_GRACE: '10m' },
  });
  const submit = () =>
    server.ask('/api/v1/runs', { body: { payload: { t: 'x'.repeat(2 * MiB) } } });
  const kept = (await submit()).json.id as string;
  const uploaded = Promise.withResolvers<void>();
  s3.gate = async ({ method }) => {
    if (method !== 'PUT') return;
    uploaded.resolve();
    await new Promise(() => undefined);
  };
  const lost = submit().catch(() => null);
  await uploaded.promise;
  await server.kill();
  await lost;
  s3.gate = null;
  expect(s3.objects.size).toBe(2);
  server.start();
  await server.ready();
  const looked = s3.requests.length;
  await waitUntil(
    () => Promise.resolve(s3.requests.slice(looked).filter((each) => each.key === '').length > 3),
    { otherwise: 'the job does not look' },
  );
  expect(s3.objects.size).toBe(2);
  s3.age(11 * 60_000);
  await waitUntil(() => Promise.resolve(s3.objects.size === 1), {
    otherwise: 'the job leaves the orphan',
  });
  expect([...s3.objects.keys()][0]).toContain(kept);
  expect(await query(database.adminUrl, 'select run_id from run')).toEqual([{ run_id: kept }]);
  expect((await server.askWell(`/api/v1/runs/${kept}`)).payload.t).toHaveLength(2 * MiB);
});
