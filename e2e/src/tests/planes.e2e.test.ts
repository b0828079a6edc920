import { expect } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { makeDatabase, query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { makeKey } from '../harness/installation.ts';
import { litellmConfig } from '../harness/model-config.ts';
import { startSagewai } from '../harness/sagewai.ts';
import { createServer, makeSecrets } from '../harness/server.ts';
import { startUpstream } from '../harness/upstream/upstream.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

test('two servers with disjoint planes on a database that was migrated apart: a run, a model call, and what both cost', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const migration = startSagewai(stage, ['server', '--migrate-only'], {
    name: 'migration',
    channel: false,
    environment: { DATABASE_URL: database.url },
  });
  expect(await migration.ended).toMatchObject({ code: 0 });
  const [counted] = await query<{ tables: number }>(
    database.adminUrl,
    `select count(*)::int as tables from pg_tables where tablename in ('run', 'account', 'budget')`,
  );
  expect(counted?.tables).toBeGreaterThan(1);

  const upstream = await startUpstream(stage);
  const secrets = makeSecrets();
  const start = (name: string, planes: string) =>
    createServer(stage, {
      databaseUrl: database.url,
      secrets,
      config: litellmConfig(upstream.url, [MODEL]),
      name,
      environment: { PLANES: planes },
    });
  const fleet = await start('fleet', 'identity,trust,fleet,decision');
  const gateway = await start('gateway', 'ledger,gateway');
  await Promise.all([fleet.ready(), gateway.ready()]);

  const [runsThere, modelsHere] = await Promise.all([
    gateway.ask('/api/v1/runs'),
    fleet.ask('/v1/models'),
  ]);
  expect([runsThere.status, modelsHere.status]).toEqual([404, 404]);

  startWorker(stage, {
    url: fleet.url,
    name: 'own',
    enrollmentKey: await makeEnrollmentKey(fleet),
    models: [MODEL.name],
    environment: { OPENAI_API_KEY: 'of-the-worker', OPENAI_BASE_URL: upstream.url },
  });
  const payload = { agent: { name: 'a', model: MODEL.name, max_tokens: 30 }, message: 'Hello' };
  const { id } = await fleet.askWell('/api/v1/runs', { body: { model: MODEL.name, payload } });
  const run = await waitUntil(
    async () => {
      const found = await fleet.askWell(`/api/v1/runs/${id}`);
      return ['completed', 'failed'].includes(found.state as string) ? found : null;
    },
    { otherwise: `run ${id} does not end` },
  );
  expect(run).toMatchObject({ state: 'completed', calls: 1, output: { message: 'Yes.' } });

  const { key } = await makeKey(gateway);
  const messages = [{ role: 'user', content: 'Say yes.' }];
  const answer = await ask(`${gateway.url}/v1/chat/completions`, {
    headers: bearer(key),
    body: { model: MODEL.name, messages },
  });
  expect(answer.status).toBe(200);
  const { spend } = await gateway.askWell('/api/v1/spend');
  expect(spend).toHaveLength(2);
  expect(await gateway.askWell(`/api/v1/spend?run_id=${id}`)).toMatchObject({
    spend: [{ cost_usd: run.cost_usd, status: 'ok' }],
  });
  // What the gateway's process has written into the chain is read at the other one.
  const audit = await fleet.askWell('/api/v1/audit?limit=100');
  const actions = (audit.entries as { action: string }[]).map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(['run.submitted', 'run.reported']));
});
