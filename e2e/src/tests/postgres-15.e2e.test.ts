import { existsSync } from 'node:fs';

import { startEmbeddedPostgres } from '@sagewai/embedded-postgres';
import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { chat, install, makeKey } from '../harness/installation.ts';
import { runSagewai } from '../harness/sagewai.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const BIN_DIR = process.env['TEST_POSTGRES_BIN_DIR'] ?? '/usr/lib/postgresql/15/bin';
const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };

test('the whole way on PostgreSQL 15: a run, its model calls, its cost, its audit chain', async ({
  stage,
}) => {
  if (!existsSync(BIN_DIR)) {
    if (process.env['REQUIRE_ALL'] === '1') throw new Error(`${BIN_DIR} is missing`);
    console.log(
      `${BIN_DIR} is missing: not tried on PostgreSQL 15 (apt-get install postgresql-15)`,
    );
    return;
  }
  const quiet = (): void => undefined;
  const postgres = await startEmbeddedPostgres({
    home: stage.folder,
    log: { info: quiet, warn: quiet, error: quiet },
    binDir: BIN_DIR,
    cacheDir: null,
  });
  stage.defer('PostgreSQL', () => postgres.stop());
  const { url, adminUrl, version } = postgres;
  expect(version).toMatch(/^\d+/);
  const { server } = await install(stage, null, { models: [MODEL], database: { url, adminUrl } });
  const environment = { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator };

  const enrollmentKey = await makeEnrollmentKey(server);
  startWorker(stage, { url: server.url, name: 'w', enrollmentKey, models: [MODEL.name] });
  const words = ['runs', 'submit', '--model', MODEL.name, '--message', 'Hello', '--wait', '--json'];
  const run = await runSagewai(stage, words, environment);
  expect(run).toMatchObject({ code: 0 });
  expect(JSON.parse(run.stdout)).toMatchObject({ state: 'completed', calls: 1 });

  const { key } = await makeKey(server, { usdPerDay: '0.01', tokensPerMinute: 100_000 });
  expect(await chat(server.url, key, { model: MODEL.name, max_tokens: 10 })).toMatchObject({
    status: 200,
  });
  expect(
    await chat(server.url, key, { model: MODEL.name, content: 'x'.repeat(20_000) }),
  ).toMatchObject({ status: 429 });
  expect(await runSagewai(stage, ['audit', 'verify'], environment)).toMatchObject({ code: 0 });
});
