import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { repeatingProvider } from '../harness/repeating-provider.ts';
import { runSagewai } from '../harness/sagewai.ts';
import { searchDatabase } from '../harness/search-database.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { tapWire } from '../harness/wire-tap.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const SUBMIT = ['runs', 'submit', '--model', 'gpt-4o', '--seal', '--wait', '--json'];
const MODEL = { name: 'gpt-4o', inputPrice: 0.000_002, outputPrice: 0.000_01 };
/** Repeated by the provider, in its answers and in its refusals. */
const CANARY = 'canary-of-a-sealed-payload-5b1e';

test('a sealed payload is run, and only its worker and its submitter have read it', async ({
  stage,
}) => {
  const { server, database } = await install(stage, cluster(), { models: [MODEL] });
  const wire = await tapWire(stage, server.port);
  const environment = { OPENAI_API_KEY: 'sk-own', OPENAI_BASE_URL: await repeatingProvider(stage) };
  const enrollmentKey = await makeEnrollmentKey(server);
  const path = (name: string): string => join(stage.folder, name);

  const sagewai = (...words: string[]) =>
    runSagewai(stage, words, {
      SAGEWAI_URL: wire.url,
      SAGEWAI_TOKEN: server.administrator,
      SAGEWAI_HOME: path('home'),
    });
  const made = await sagewai('runs', 'seal-keygen', '--out', path('pool.pem'), '--json');
  const { public_key: poolKey } = JSON.parse(made.stdout) as { public_key: string };
  expect((await stat(path('pool.pem'))).mode & 0o777).toBe(0o600);
  expect((await sagewai('runs', 'seal-keygen', '--out', path('pool.pem'))).code).not.toBe(0);

  const start = (name: string, more: Record<string, string>) =>
    startWorker(stage, {
      url: wire.url,
      name,
      enrollmentKey,
      models: ['gpt-4o'],
      environment: { ...environment, ...more },
    });
  const shared = { WORKER_POOL: 'shared', WORKER_SEAL_KEY_FILE: path('pool.pem') };
  const workers = [
    start('own', {}),
    start('stranger', { WORKER_POOL: 'elsewhere' }),
    start('shared-1', shared),
    start('shared-2', shared),
  ];
  await waitUntil(
    async () => {
      const { workers: seen } = await server.askWell('/api/v1/fleet/workers');
      return (seen as { seal_key: string | null }[]).filter((one) => one.seal_key).length === 4
        ? seen
        : null;
    },
    { otherwise: 'the workers do not publish their keys' },
  );

  const submit = async (...words: string[]) => {
    const { code, stdout, text: said } = await sagewai(...SUBMIT, ...words);
    if (stdout === '') throw new Error(said);
    return { code, said, run: JSON.parse(stdout) };
  };
  const first = await submit('--message', `1 ${CANARY}`);
  expect(first.run).toMatchObject({ state: 'completed', worker_name: 'own' });
  expect(first.run.output.message).toBe(`You said: 1 ${CANARY}`);
  expect(first.said).toMatch(/sealed for [\da-f]{16}… \(own\)/);

  const failed = await submit('--message', `refuse ${CANARY}`);
  expect(failed).toMatchObject({ code: 1, run: { state: 'failed' } });
  expect(failed.run.error).toContain(`No: refuse ${CANARY}`);

  // Also where the organization encrypts by itself, and for whoever has the key of a pool.
  await server.askWell('/api/v1/fleet/encryption/enable', { method: 'POST' });
  const third = await submit('--message', `3 ${CANARY}`, '--pool', 'shared', '--seal-to', poolKey);
  expect(third.run.output.message).toBe(`You said: 3 ${CANARY}`);
  expect(third.run.worker_name).toMatch(/^shared-/);

  // The server's own word of it, with and without the key of somebody else.
  const told = await server.askWell(`/api/v1/runs/${first.run.id}`);
  expect(told.output).toMatch(/^sealed1\./);
  expect((await server.askWell(`/api/v1/runs/${failed.run.id}`)).error).toMatch(/^sealed1\./);
  const get = (...words: string[]) => sagewai('runs', 'get', first.run.id, ...words);
  expect((await get()).stdout).toContain(CANARY);
  const keyOf = async (name: string): Promise<string> => {
    const folder = path(`${name}-home/workers`);
    const file = (await readdir(folder)).find((each) => each.endsWith('.seal.pem')) ?? '';
    return join(folder, file);
  };
  const byStranger = await get('--key-file', await keyOf('stranger'));
  expect(byStranger).toMatchObject({ code: 2, stdout: '' });
  expect(byStranger.text).toContain('not sealed for the key');

  // Workers first: one whose server is gone tries to tell it that it leaves.
  for (const worker of workers) await worker.stop();
  await server.stop();
  const logs = [server.process(), ...workers].map((each) => each.text()).join('\n');
  const keyFiles = [path('pool.pem'), path('home/seal-key.pem'), await keyOf('own')];
  expect((await stat(await keyOf('own'))).mode & 0o777).toBe(0o600);
  const secrets = [CANARY];
  for (const file of keyFiles) {
    const line = (await readFile(file, 'utf8')).split('\n')[1] ?? '';
    const raw = Buffer.from(line, 'base64').subarray(-32);
    secrets.push(line, raw.toString('hex'), raw.toString('base64url'));
  }
  expect(await searchDatabase(database.adminUrl, poolKey)).toContain('worker'); // it finds what is there
  expect(wire.text()).toContain('sealed1.');
  for (const secret of secrets) {
    expect(await searchDatabase(database.adminUrl, secret)).toEqual([]);
    expect(logs).not.toContain(secret);
    expect(wire.text()).not.toContain(secret);
  }
});
