import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, onTestFinished, test } from 'vitest';

import { runCli } from './run-cli.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2100-01-01T00:00:00Z';
const KEY = {
  id: ID,
  name: 'k',
  max_uses: 1,
  current_uses: 0,
  expires_at: null,
  allowed_pools: [],
  allowed_models: [],
  allowed_labels: ['region=eu', 'tier=*'],
  allowed_cidrs: ['10.0.0.0/8'],
  auto_approve: false,
  overlap_until: null,
  created_at: AT,
  created_by: 'token:1',
  revoked: false,
};
const SETTINGS = {
  open_registration: null,
  enforcement: 'warn',
  dual_approval: true,
  registrations_per_second: 2.5,
};

async function shell() {
  const server = await scriptedServer();
  const home = await mkdtemp(join(tmpdir(), 'sagewai-cli-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const run = async (line: string) => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli(line.split(' '), {
      environment: { SAGEWAI_URL: server.url, SAGEWAI_TOKEN: 'sat-1' },
      home,
      signal: new AbortController().signal,
      terminal: {
        out: (text) => void out.push(text),
        note: (text) => void err.push(text),
        progress: () => undefined,
        interactive: false,
      },
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  return { server, run };
}

test('create-key sends the limits of a key, and list-keys shows them', async () => {
  const { server, run } = await shell();
  server.on('fleet.createEnrollmentKey', () => ({
    status: 201,
    json: { ...KEY, key: 'sk-fleet-x' },
  }));
  server.on('fleet.listEnrollmentKeys', () => ({ json: { keys: [KEY], total: 1 } }));
  await run(
    'fleet create-key --name k --allowed-labels region=eu,tier=* --allowed-cidrs 10.0.0.0/8 --no-auto-approve --single-use',
  );
  expect(server.asked('fleet.createEnrollmentKey')[0]?.body).toEqual({
    name: 'k',
    allowed_pools: [],
    allowed_models: [],
    allowed_labels: ['region=eu', 'tier=*'],
    allowed_cidrs: ['10.0.0.0/8'],
    auto_approve: false,
    single_use: true,
  });
  const { out } = await run('fleet list-keys');
  expect(out).toMatch(/region=eu,tier=\* +10\.0\.0\.0\/8 +by a person/);
});

test('rotate-key shows the new value, and how long the old one is taken', async () => {
  const { server, run } = await shell();
  server.on('fleet.rotateEnrollmentKey', (_, nth) => ({
    json: { ...KEY, overlap_until: nth === 1 ? AT : null, key: 'sk-fleet-new' },
  }));
  const overlapping = await run(`fleet rotate-key ${ID} --overlap 1h`);
  expect(overlapping).toMatchObject({ code: 0, out: 'sk-fleet-new' });
  expect(overlapping.err).toMatch(/The old value ends in /);
  expect(server.asked('fleet.rotateEnrollmentKey')[0]?.body).toEqual({ overlap_seconds: 3_600 });
  expect((await run(`fleet rotate-key ${ID}`)).err).toContain('not taken any more');
  expect(server.asked('fleet.rotateEnrollmentKey')[1]?.body).toEqual({});
});

test('the first of two approvals says that another person must approve too', async () => {
  const { server, run } = await shell();
  server.on('fleet.approveWorker', () => ({
    json: { status: 'pending', worker_id: ID, approvals: { given: 1, needed: 2 } },
  }));
  expect((await run(`fleet approve-worker ${ID}`)).out).toBe(
    'Approval 1 of 2: another person must approve it too.',
  );
});

test('settings set sends what is named, and get shows all', async () => {
  const { server, run } = await shell();
  server.on('fleet.getSettings', () => ({ json: SETTINGS }));
  server.on('fleet.setSettings', () => ({ json: SETTINGS }));
  expect((await run('fleet settings get')).out).toMatch(
    /enforcement +warn\nopen registration +as the server is configured\ndual approval +on\nregistration rate +2\.5/,
  );
  expect(JSON.parse((await run('fleet settings get --json')).out)).toEqual(SETTINGS);
  await run('fleet settings set --enforcement warn --open-registration default');
  await run('fleet settings set --dual-approval on --registration-rate 2.5');
  await run('fleet settings set --registration-rate default --open-registration off');
  expect(server.asked('fleet.setSettings').map(({ body }) => body)).toEqual([
    { enforcement: 'warn', open_registration: null },
    { dual_approval: true, registrations_per_second: 2.5 },
    { registrations_per_second: null, open_registration: false },
  ]);
  expect(await run('fleet settings set')).toMatchObject({ code: 2 });
  expect(await run('fleet settings set --registration-rate 0')).toMatchObject({ code: 2 });
});

test('register tries again by itself while too many register, until its time is up', async () => {
  const { server, run } = await shell();
  const busy = {
    status: 429,
    headers: { 'retry-after': '0' },
    json: { code: 'rate.exceeded', detail: 'Too many registrations from 192.0.2.1.' },
  };
  server.on('fleet.registerWorker', (_, nth) =>
    nth < 4
      ? busy
      : {
          status: 201,
          json: {
            worker_id: ID,
            status: 'approved',
            capabilities: { models: [], pool: 'default', labels: {}, max_concurrent: 4 },
            session_epoch: 1,
            token: 'wrt-1.x',
            token_expires_at: AT,
            heartbeat_interval_ms: 30_000,
            organization_id: ID,
            worker_secret: 's',
            reason: null,
            dropped_models: [],
          },
        },
  );
  const { code, err } = await run('fleet register --enrollment-key sk-fleet-1 --name w');
  expect(code).toBe(0);
  expect(err.match(/Too many registrations/g)).toHaveLength(1);
  expect(server.asked('fleet.registerWorker')).toHaveLength(4);

  server.on('fleet.registerWorker', () => ({ ...busy, headers: { 'retry-after': '60' } }));
  const late = await run('fleet register --enrollment-key sk-fleet-1 --name w2 --wait 1s');
  expect(late.code).not.toBe(0);
  expect(late.err).toContain('Too many registrations');
});
