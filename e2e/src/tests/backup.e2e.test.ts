import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { expect } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { makeDatabase, query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { chat, install, makeKey } from '../harness/installation.ts';
import { litellmConfig } from '../harness/model-config.ts';
import { runSagewai } from '../harness/sagewai.ts';
import { createServer, makeSecrets, type Server } from '../harness/server.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const MODEL = { name: 'gpt-scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
const PROJECT_KEY = 'sk-canary-of-a-project-4d2e9b7a61';

/** Secrets of every kind that a server is given or makes, by what they are. */
async function plant(server: Server, upstream: string): Promise<Map<string, string>> {
  const make = (path: string, body: unknown, method = 'POST'): Promise<Record<string, string>> =>
    server.askWell(path, { method, body });
  await make(
    '/api/v1/projects/default/credential',
    { key: PROJECT_KEY, base_url: upstream },
    'PUT',
  );
  const token = await make('/api/v1/tokens', { name: 'canary', scopes: ['read'] });
  const hook = await make('/api/v1/alert-webhooks', { name: 'hook', url: 'https://127.0.0.1:9/x' });
  const sink = await make('/api/v1/audit/sinks', { name: 'sink', url: 'https://127.0.0.1:9/y' });
  return new Map([
    ['provider key', 'upstream-credential'],
    ['project credential', PROJECT_KEY],
    ['access token', token['token'] ?? ''],
    ['secret of a webhook', (hook['secret'] ?? '').replace('whsec_', '')],
    ['secret of a sink', (sink['secret'] ?? '').replace('whsec_', '')],
    ['virtual key', (await makeKey(server)).key],
    ['enrollment key', await makeEnrollmentKey(server)],
  ]);
}

const spellings = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('base64url'),
];

/** Who of `secrets` stands in `text`, in any spelling. */
const whoIsIn = (text: string, secrets: ReadonlyMap<string, string>): string[] =>
  [...secrets]
    .filter(([, secret]) => spellings(secret).some((each) => text.includes(each)))
    .map(([name]) => name);

test('a backup that is made while calls go on is restored elsewhere, adds up, and holds no secret', async ({
  stage,
}) => {
  const installation = await install(stage, cluster(), {
    models: [MODEL],
    environment: { WEBHOOK_PRIVATE_HOSTS: '127.0.0.1' },
  });
  const { server, secrets, database, upstream } = installation;
  const canaries = await plant(server, upstream.url);
  for (const [name, value] of Object.entries(secrets.environment)) canaries.set(name, value ?? '');
  expect([...canaries.values()].filter((value) => value.length < 12)).toEqual([]);
  const key = canaries.get('virtual key') ?? '';
  const run = await server.askWell('/api/v1/runs', {
    body: {
      model: MODEL.name,
      payload: { agent: { name: 'a', model: MODEL.name }, message: 'Hi' },
    },
  });

  // What fails tells what failed, and not who asked for it.
  const failures = await Promise.all([
    chat(server.url, key, { model: 'no-such-model' }),
    chat(server.url, canaries.get('access token') ?? '', { model: MODEL.name, max_tokens: -1 }),
    chat(server.url, `${key}x`, { model: MODEL.name }),
    chat(server.url, PROJECT_KEY, { model: MODEL.name }),
    ask(`${server.url}/v1/chat/completions`, { headers: bearer(key), raw: `{"key":"${key}"` }),
    server.ask('/api/v1/fleet/register', {
      body: { enrollment_key: canaries.get('enrollment key'), models: 7 },
    }),
    server.ask('/api/v1/projects/nobody/credential', { method: 'PUT', body: { key: PROJECT_KEY } }),
  ]);
  expect(failures.map(({ status }) => status).filter((status) => status < 400)).toEqual([]);

  let isOver = false;
  const calls = (async () => {
    let made = 0;
    for (; !isOver; made += 1) {
      expect((await chat(server.url, key, { model: MODEL.name })).status).toBe(200);
    }
    return made;
  })();
  const folder = join(stage.folder, 'backups');
  await mkdir(folder);
  const words = ['backup', folder, '--json'];
  const environment = {
    DATABASE_URL: database.url,
    SAGEWAI_HOME: join(stage.folder, 'server-home'),
    ...secrets.environment,
  };
  const backup = await runSagewai(stage, words, environment);
  isOver = true;
  expect(await calls).toBeGreaterThan(1);
  expect(backup).toMatchObject({ code: 0 });
  const { file, rows } = JSON.parse(backup.stdout) as { file: string; rows: number };

  const places: Record<string, string> = {
    // Every row of every table.
    'the backup': gunzipSync(await readFile(file)).toString('latin1'),
    'the log': server.process().text(),
    failures: failures.map(({ text }) => text).join('\n'),
    metrics: (await server.ask('/metrics')).text,
    audit: (await server.ask('/api/v1/audit?limit=200')).text,
    'the audit log of the platform': (await server.ask('/api/v1/audit?chain=platform&limit=200'))
      .text,
    spend: (await server.ask('/api/v1/spend?limit=200')).text,
    keys: (await server.ask('/api/v1/keys')).text,
    webhooks: (await server.ask('/api/v1/alert-webhooks')).text,
    credential: (await server.ask('/api/v1/projects/default/credential')).text,
  };
  const told = Object.entries(places);
  expect(told.filter(([, text]) => text.length < 20)).toEqual([]);
  expect(
    told.flatMap(([name, text]) => whoIsIn(text, canaries).map((who) => `${who} in ${name}`)),
  ).toEqual([]);
  // The search finds what is there.
  expect(whoIsIn(`${places['the backup'] ?? ''} ${key}`, canaries)).toEqual(['virtual key']);

  const other = await makeDatabase(stage, cluster());
  const target = { ...environment, DATABASE_URL: other.url, SAGEWAI_HOME: join(stage.folder, 'b') };
  const wrong = await runSagewai(stage, ['restore', file], {
    ...target,
    ...makeSecrets().environment,
  });
  expect(wrong).toMatchObject({ code: 1, text: expect.stringContaining('is another one') });
  const restored = await runSagewai(stage, ['restore', file, '--json'], target);
  expect(restored).toMatchObject({ code: 0 });
  expect(JSON.parse(restored.stdout)).toMatchObject({ rows });

  const second = await createServer(stage, {
    databaseUrl: other.url,
    secrets,
    config: litellmConfig(upstream.url, [MODEL]),
    name: 'restored',
    environment: { SAGEWAI_HOME: join(stage.folder, 'b') },
  });
  await second.ready();
  expect((await second.askWell(`/api/v1/runs/${run.id}`)).payload.message).toBe('Hi');
  // The key of before is good, the project's own credential opens, and its balance goes on.
  expect((await chat(second.url, key, { model: MODEL.name })).status).toBe(200);
  const broken = await query(
    other.adminUrl,
    `select from budget b join lateral ledger_derive(array[b.id]) d on true
     where (b.settled, b.reserved) is distinct from (d.settled, d.reserved)`,
  );
  expect(broken).toEqual([]);
}, 180_000);
