import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { cleanEnvironment } from '../harness/environment.ts';
import { install } from '../harness/installation.ts';
import { startProcess } from '../harness/process.ts';
import { LAUNCHER, type Result, runSagewai, startSagewai } from '../harness/sagewai.ts';
import { waitUntil } from '../harness/wait-until.ts';

const MODELS = ['gpt-4o', 'ollama/llama3.1:70b'].map((name) => ({
  name,
  inputPrice: 0.000_001,
  outputPrice: 0.000_002,
}));

test('create a key, register, approve, work, submit: the command lines as they are written down', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const URL = server.url;
  const environment = {
    SAGEWAI_URL: URL,
    SAGEWAI_ADMIN_TOKEN: server.administrator,
    SAGEWAI_HOME: stage.folder,
    OLLAMA_HOST: 'http://127.0.0.1:9',
  };
  const sagewai = (line: string): Promise<Result> =>
    runSagewai(stage, line.split(' '), environment);
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of every shape
  const json = async (line: string): Promise<any> => {
    const result = await sagewai(`${line} --json`);
    expect({ line, code: result.code, text: result.text }).toMatchObject({ code: 0 });
    return JSON.parse(result.stdout);
  };

  const created = await sagewai(
    'fleet create-key --org acme --name gpu-onboarding --max-uses 10 --expires 7d --allowed-pools gpu --allowed-models gpt-4o,llama3-70b',
  );
  expect(created.code).toBe(0);
  expect(created.text).toContain('acme');
  const key = created.stdout.trim();
  expect(key).toMatch(/^sk-fleet-/);

  const registered = await json(
    `fleet register --gateway ${URL} --enrollment-key ${key} --pool gpu --labels region=us-east-1,tier=production --models gpt-4o,ollama/llama3.1:70b --name first`,
  );
  expect(registered).toMatchObject({ status: 'approved', dropped_models: ['ollama/llama3.1:70b'] });

  const pending = await json(
    `fleet register --gateway ${URL} --org acme --pool gpu --labels region=us-east-1,tier=production --models gpt-4o --name second`,
  );
  expect(pending.status).toBe('pending');
  // A pending worker starts, beats, and claims by itself once it is approved.
  const worker = startSagewai(
    stage,
    [
      'worker',
      '--gateway',
      URL,
      '--name',
      'second',
      '--pool',
      'gpu',
      '--models',
      'gpt-4o',
      '--labels',
      'region=us-east-1,tier=production',
    ],
    {
      environment: {
        ...environment,
        SAGEWAI_ADMIN_TOKEN: undefined,
        POLL_TIMEOUT: '2s',
        HEARTBEAT_INTERVAL: '300ms',
      },
    },
  );
  await worker.says(/waits? for approval/);

  const listed = await json('fleet list-workers --org acme --status pending');
  expect(listed.workers.map(({ id }: { id: string }) => id)).toEqual([pending.worker_id]);
  const submitted = await json(
    'runs submit --org acme --pool gpu --model gpt-4o --labels tier=production --message Hello',
  );
  expect((await sagewai(`fleet approve-worker ${pending.worker_id} --org acme`)).code).toBe(0);
  const run = await json(`runs watch ${submitted.id} --org acme`);
  expect(run).toMatchObject({
    state: 'completed',
    worker_name: 'second',
    output: { message: 'Yes.' },
  });

  expect((await json('fleet list-keys --org acme')).keys).toMatchObject([
    { current_uses: 1, max_uses: 10 },
  ]);
  expect(await sagewai('audit verify --org acme')).toMatchObject({ code: 0 });
  expect(await sagewai(`fleet revoke-worker ${pending.worker_id} --org acme`)).toMatchObject({
    code: 0,
  });
  await waitUntil(() => worker.hasEnded(), {
    otherwise: () => `a revoked worker goes on:\n${worker.text()}`,
  });
  expect((await worker.ended).code).toBe(4);
});

test('exit codes, advice, and where output goes', async ({ stage }) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const good = {
    SAGEWAI_URL: server.url,
    SAGEWAI_TOKEN: server.administrator,
    SAGEWAI_HOME: stage.folder,
  };
  const sagewai = async (line: string, environment: Record<string, string> = good) => {
    const { code, stdout, text } = await runSagewai(stage, line.split(' '), environment);
    return { code, stdout, text };
  };
  expect(await sagewai('runs submt --message hello')).toMatchObject({
    code: 2,
    stdout: '',
    text: expect.stringContaining('submit'),
  });
  expect(await sagewai('runs submit')).toMatchObject({ code: 2, stdout: '' });
  expect(await sagewai('runs get 01900000-0000-7000-8000-000000000000')).toMatchObject({
    code: 3,
    stdout: '',
  });
  expect(await sagewai('runs list', { ...good, SAGEWAI_TOKEN: 'sat-nobody' })).toMatchObject({
    code: 4,
    stdout: '',
  });
  expect(await sagewai('runs list', { ...good, SAGEWAI_URL: 'http://127.0.0.1:9' })).toMatchObject({
    code: 6,
    stdout: '',
  });
  expect(await sagewai('worker', { SAGEWAI_HOME: stage.folder })).toMatchObject({
    code: 2,
    text: expect.stringContaining('FLEET_GATEWAY_URL'),
  });

  expect(
    await sagewai(`login --url ${server.url} --token ${server.administrator}`, {
      SAGEWAI_HOME: stage.folder,
    }),
  ).toMatchObject({ code: 0 });
  const listed = await sagewai('runs list --json', { SAGEWAI_HOME: stage.folder });
  expect(JSON.parse(listed.stdout)).toMatchObject({ runs: [] });

  const { id, key } = JSON.parse(
    (await sagewai('key create --name k --usd-per-day 1.50 --json')).stdout,
  ) as Record<string, string>;
  expect(key).toMatch(/^sk-/);
  expect(await sagewai(`key revoke ${id}`)).toMatchObject({ code: 0 });
  const same = 'runs submit --message one --idempotency-key k1 --json';
  expect((await sagewai(same)).stdout).toContain('"created":true');
  expect((await sagewai(same)).stdout).toContain('"created":false');
  expect(await sagewai('runs submit --message another --idempotency-key k1')).toMatchObject({
    code: 5,
  });
});

const OLD_NODE = '/usr/bin/node';

test("the command works when the shell's own Node is too old", async ({ stage }) => {
  const version = existsSync(OLD_NODE) ? spawnSync(OLD_NODE, ['--version']).stdout.toString() : '';
  if (!version.startsWith('v20.')) {
    console.log(`${OLD_NODE} is no Node 20: not tried with an old Node`);
    return;
  }
  const { server } = await install(stage, cluster(), { models: MODELS });
  const run = startProcess(stage, {
    name: 'sagewai on Node 20',
    command: OLD_NODE,
    words: [LAUNCHER, 'runs', 'list', '--json'],
    environment: cleanEnvironment({ SAGEWAI_URL: server.url, SAGEWAI_TOKEN: server.administrator }),
    channel: false,
  });
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(JSON.parse(run.stdout())).toMatchObject({ runs: [] });
});
