import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { proofIn } from '@sagewai/testing/scripted-fleet';
import { scriptedServer } from '@sagewai/testing/scripted-server';
import { describe, expect, test } from 'vitest';

import { shell } from './shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const HASH = 'a'.repeat(64);

const KEY = {
  id: ID,
  name: 'gpu-onboarding',
  max_uses: 10,
  current_uses: 0,
  expires_at: null,
  allowed_pools: ['gpu'],
  allowed_models: [],
  allowed_labels: [],
  allowed_cidrs: [],
  auto_approve: true,
  overlap_until: null,
  created_at: AT,
  created_by: 'token:1',
  revoked: false,
};
const REGISTERED = {
  worker_id: ID,
  status: 'approved',
  capabilities: { models: [], pool: 'gpu', labels: {}, max_concurrent: 4 },
  session_epoch: 1,
  token: 'wrt-1.secret',
  token_expires_at: AT,
  heartbeat_interval_ms: 30_000,
  organization_id: ID,
  worker_secret: 'the secret',
  reason: null,
  dropped_models: [],
};
const WORKER = {
  id: ID,
  name: 'w',
  project_id: null,
  status: 'pending',
  reason: 'registered without an enrollment key',
  pool: 'gpu',
  models: ['gpt-4o'],
  models_canonical: ['gpt-4o'],
  labels: {},
  seal_key: null,
  max_concurrent: 4,
  draining: false,
  active_runs: 1,
  last_heartbeat: null,
  registered_at: AT,
  approved_at: null,
  approved_by: null,
  probe_status: 'unknown',
  last_probe_at: null,
  probes: [],
  ip_allowlist: [],
  version: null,
  requires_dual_approval: false,
  first_approved_by: null,
  connection_type: null,
};
const VIRTUAL_KEY = {
  id: ID,
  name: 'ci',
  project_id: ID,
  hint: 'sk-ab…yz',
  models: [],
  created_at: AT,
  created_by: 'token:1',
  expires_at: null,
  blocked_at: null,
  revoked_at: null,
  on_client_left: 'abort',
  budget: {
    usd_per_hour: null,
    usd_per_day: '5',
    usd_per_week: null,
    usd_per_month: null,
    usd_per_30_days: null,
    usd_in_total: null,
    cap: true,
  },
  tokens_per_minute: null,
  requests_per_minute: null,
};
const RUN = {
  id: ID,
  organization_id: ID,
  project_id: ID,
  state: 'completed',
  pool: 'default',
  model: 'm',
  labels: {},
  priority: 0,
  max_attempts: 3,
  deadline: null,
  attempt: 1,
  worker_id: ID,
  worker_name: 'w-1',
  cancel_requested: false,
  created_at: AT,
  started_at: AT,
  finished_at: '2026-01-01T00:00:01.500Z',
  error: null,
  error_class: null,
  scheduled_for: null,
  submitted_by: 'token:1',
  redrive_of: null,
  parent_run_id: null,
  root_run_id: null,
  depth: 0,
  on_parent_end: null,
};
const DETAIL = {
  ...RUN,
  payload: {},
  output: { message: 'forty-two' },
  progress: null,
  attempts: [],
  timeout_seconds: null,
  retry: null,
  waiting: null,
  cost_usd: '0.00123',
  input_tokens: 10,
  output_tokens: 20,
  calls: 1,
  models_used: ['simulated'],
};
const ENTRY = {
  version: 1,
  organization_id: ID,
  seq: 1,
  at: AT,
  actor: 'token:1',
  action: 'fleet.approveWorker',
  subject: `worker:${ID}`,
  outcome: 'ok',
  request_id: 'r1',
  details: '{}',
  previous_hash: HASH,
  hash: HASH,
};

describe('lines from other documentation work as they stand', () => {
  test('fleet create-key', async () => {
    const { server, run, url } = await shell();
    server.on('fleet.createEnrollmentKey', () => ({
      status: 201,
      json: { ...KEY, key: 'sk-fleet-x' },
    }));
    const { code, out, err } = await run(
      'fleet create-key --org acme --name gpu-onboarding --max-uses 10 --expires 7d --allowed-pools gpu --allowed-models gpt-4o,llama3-70b',
    );
    expect({ code, out }).toEqual({ code: 0, out: 'sk-fleet-x' });
    expect(err).toContain(`sagewai fleet register --gateway ${url} --enrollment-key sk-fleet-x`);
    const [asked] = server.asked('fleet.createEnrollmentKey');
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer sat-1',
      'x-organization': 'acme',
    });
    expect(asked?.body).toEqual({
      name: 'gpu-onboarding',
      max_uses: 10,
      expires_in_seconds: 604_800,
      allowed_pools: ['gpu'],
      allowed_models: ['gpt-4o', 'llama3-70b'],
    });
  });

  test('fleet register with a key keeps the credential and the secret off the screen', async () => {
    const { server, run, url, home } = await shell();
    server.on('fleet.registerWorker', () => ({ status: 201, json: REGISTERED }));
    const { code, out, err } = await run(
      `fleet register --gateway ${url} --enrollment-key sk-fleet-1 --pool gpu --labels region=us-east-1,tier=production --models gpt-4o,ollama/llama3.1:70b --name w --json`,
    );
    expect(code).toBe(0);
    expect(out + err).not.toMatch(/the secret|wrt-1/);
    const { credential_file: file } = JSON.parse(out) as { credential_file: string };
    expect(file.startsWith(join(home, 'workers'))).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ worker_secret: 'the secret' });
    expect(err).toContain(
      `sagewai worker --gateway ${url} --name w --pool gpu --labels region=us-east-1,tier=production --models gpt-4o,ollama/llama3.1:70b --max-concurrent 4`,
    );
    const [asked] = server.asked('fleet.registerWorker');
    expect(asked?.headers).toMatchObject({ 'x-enrollment-key': 'sk-fleet-1' });
    expect(asked?.headers.authorization).toBeUndefined();
    expect(asked?.body).toEqual({
      name: 'w',
      pool: 'gpu',
      models: ['gpt-4o', 'ollama/llama3.1:70b'],
      labels: { region: 'us-east-1', tier: 'production' },
      max_concurrent: 4,
      seal_key: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
      public_key: { kty: 'OKP', crv: 'Ed25519', x: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(proofIn(asked?.headers ?? {})).toMatchObject({ gen: 0, htu: '/api/v1/fleet/register' });
    expect((await stat(file.replace(/json$/, 'key'))).mode & 0o777).toBe(0o600);
  });

  test('fleet register without a key says who lets it in', async () => {
    const { server, run, url } = await shell();
    const pending = { ...REGISTERED, status: 'pending', reason: 'no key', dropped_models: ['m'] };
    server.on('fleet.registerWorker', () => ({ status: 201, json: pending }));
    const { code, out, err } = await run(
      `fleet register --gateway ${url} --pool gpu --models gpt-4o`,
    );
    expect({ code, out }).toEqual({ code: 0, out: `Worker ${ID} is pending.` });
    expect(err).toContain(`sagewai fleet approve-worker ${ID}`);
    expect(server.asked('fleet.registerWorker')[0]?.headers.authorization).toBe('Bearer sat-1');
  });

  test('fleet list-workers', async () => {
    const { server, run } = await shell();
    server.on('fleet.listWorkers', () => ({ json: { workers: [WORKER], total: 1 } }));
    const { out, err } = await run('fleet list-workers --org acme --status pending');
    expect(out).toMatch(/^ID +NAME +STATUS +POOL +RUNS/);
    expect(out).toContain('registered without an enrollment key');
    expect(err).toBe(`To let one in: sagewai fleet approve-worker ${ID}`);
    const [asked] = server.asked('fleet.listWorkers');
    expect(asked?.query).toEqual({ status: 'pending' });
    expect(asked?.headers['x-organization']).toBe('acme');
  });

  test.each([
    ['approve-worker', 'fleet.approveWorker', 'approved'],
    ['reject-worker', 'fleet.rejectWorker', 'rejected'],
    ['revoke-worker', 'fleet.revokeWorker', 'revoked'],
    ['evict', 'fleet.evictWorker', 'evicted'],
    ['ban', 'fleet.banWorker', 'banned'],
    ['unlock', 'fleet.unlockWorker', 'approved'],
  ] as const)('fleet %s', async (word, endpoint, status) => {
    const { server, run } = await shell();
    server.on(endpoint, () => ({ json: { status, worker_id: ID } }));
    expect(await run(`fleet ${word} ${ID}`)).toEqual({
      code: 0,
      out: `Worker ${ID} is ${status}.`,
      err: '',
    });
  });

  test('fleet list-keys and revoke-key', async () => {
    const { server, run } = await shell();
    server.on('fleet.listEnrollmentKeys', () => ({ json: { keys: [KEY], total: 1 } }));
    server.on('fleet.revokeEnrollmentKey', () => ({ json: { status: 'ok' } }));
    expect((await run('fleet list-keys')).out).toMatch(/gpu-onboarding +0\/10 +never +gpu +any/);
    expect((await run(`fleet revoke-key ${ID} --json`)).out).toBe(`{"id":"${ID}","revoked":true}`);
  });
});

describe('an organization that does not exist', () => {
  const missing = { status: 404, json: { code: 'organization.missing', detail: 'no acme' } };

  test('is created for a platform administrator, who is told so', async () => {
    const { server, run } = await shell();
    server.on('fleet.createEnrollmentKey', (_, nth) =>
      nth === 1 ? missing : { status: 201, json: { ...KEY, key: 'sk-fleet-x' } },
    );
    server.on('identity.createOrganization', () => ({
      status: 201,
      json: { id: ID, name: 'acme', created_at: AT },
    }));
    const { code, out, err } = await run('fleet create-key --org acme --name k');
    expect({ code, out }).toEqual({ code: 0, out: 'sk-fleet-x' });
    expect(err).toContain('There was no organization acme: created it.');
    expect(server.asked('identity.createOrganization')[0]?.body).toEqual({ name: 'acme' });
  });

  test('stays missing for anybody else', async () => {
    const { server, run } = await shell();
    server.on('fleet.createEnrollmentKey', () => missing);
    server.on('identity.createOrganization', () => ({
      status: 403,
      json: { code: 'caller.forbidden', detail: 'no' },
    }));
    expect(await run('fleet create-key --org acme --name k')).toMatchObject({
      code: 3,
      out: '',
      err: 'error: no acme',
    });
  });
});

describe('runs', () => {
  test('submit sends an agent, under a key of its own', async () => {
    const { server, run } = await shell();
    server.on('runs.submitRun', () => ({
      status: 201,
      json: { id: ID, created: true, pool: 'gpu', model: 'm' },
    }));
    const { code, out, err } = await run(
      'runs submit --model m --message hello --system s --pool gpu --labels a=b --priority -5 --max-attempts 2 --project p',
    );
    expect({ code, out }).toEqual({ code: 0, out: ID });
    expect(err).toBe(`Its end: sagewai runs watch ${ID}`);
    const [asked] = server.asked('runs.submitRun');
    expect(asked?.headers).toMatchObject({
      'x-project-id': 'p',
      'idempotency-key': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(asked?.body).toEqual({
      pool: 'gpu',
      labels: { a: 'b' },
      priority: -5,
      max_attempts: 2,
      model: 'm',
      payload: { agent: { name: 'agent', model: 'm', system: 's' }, message: 'hello' },
    });
  });

  test('submit --payload sends the file as it is', async () => {
    const { server, run, home } = await shell();
    server.on('runs.submitRun', () => ({
      status: 201,
      json: { id: ID, created: true, pool: 'gpu', model: 'm' },
    }));
    await writeFile(join(home, 'p.json'), '{"x": [1, 2]}');
    await run(`runs submit --model m --idempotency-key k --payload ${home}/p.json`);
    const [asked] = server.asked('runs.submitRun');
    expect(asked?.body).toEqual({ model: 'm', payload: { x: [1, 2] } });
    expect(asked?.headers['idempotency-key']).toBe('k');
  });

  test('submit --wait shows state, worker, model, tokens, cost and result', async () => {
    const { server, run } = await shell();
    server.on('runs.submitRun', () => ({
      status: 201,
      json: { id: ID, created: true, pool: 'default', model: 'm' },
    }));
    server.on('runs.getRun', (_, nth) => ({
      json: nth === 1 ? { ...DETAIL, state: 'queued' } : DETAIL,
    }));
    const { code, out, err } = await run('runs submit --model m --message x --wait');
    expect(code).toBe(0);
    expect(err).toBe(`submitted ${ID}\nqueued\ncompleted`);
    for (const fact of [
      'completed',
      'w-1',
      'simulated',
      '10 in, 20 out',
      '$0.00123',
      'forty-two',
    ]) {
      expect(out).toContain(fact);
    }
    expect(server.asked('runs.getRun')[1]?.query).toEqual({
      wait_ms: '30000',
      known_state: 'queued',
    });
  });

  test('a run that fails ends watch with 1', async () => {
    const { server, run } = await shell();
    const failed = { ...DETAIL, state: 'failed', output: null, error: 'no model' };
    server.on('runs.getRun', () => ({ json: failed }));
    const { code, out } = await run(`runs watch ${ID} --json`);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual(failed);
  });

  test('get tells of every attempt that is over, while the next one waits too', async () => {
    const { server, run } = await shell();
    const attempt = { worker_id: ID, epoch: 1, started_at: AT, ended_at: AT, error_class: 'error' };
    const attempts = [
      { ...attempt, attempt: 1, worker_name: 'w-1', error: 'boom' },
      { ...attempt, attempt: 2, worker_name: 'w-2', error: 'bang' },
    ];
    const waits = { ...DETAIL, state: 'queued', worker_id: null, worker_name: null, output: null };
    for (const state of ['queued', 'failed']) {
      server.on('runs.getRun', () => ({ json: { ...waits, state, attempt: 2, attempts } }));
      const { out } = await run(`runs get ${ID}`);
      expect(out).toMatch(/attempt +2 of 3/);
      expect(out).toMatch(/try 1 +w-1: error: boom/);
      expect(/try 2 +w-2: error: bang/.test(out)).toBe(state === 'queued');
    }
  });

  test('get and list', async () => {
    const { server, run } = await shell();
    server.on('runs.getRun', () => ({ json: DETAIL }));
    server.on('runs.listRuns', () => ({ json: { runs: [RUN], next_cursor: ID } }));
    expect((await run(`runs get ${ID}`)).out).toMatch(/worker +w-1/);
    const { out, err } = await run('runs list --state failed --limit 5');
    expect(out).toMatch(/1s|1\.5s|1m/);
    expect(err).toBe(`More: --cursor ${ID}`);
    expect(server.asked('runs.listRuns')[0]?.query).toEqual({ state: 'failed', limit: '5' });
  });

  test('cancel tells whether it is over or its worker is told', async () => {
    const { server, run } = await shell();
    const states = ['running', 'cancelled'];
    server.on('runs.cancelRun', (_, nth) => ({
      json: { id: ID, state: states[nth - 1], cancel_requested: true },
    }));
    expect((await run(`runs cancel ${ID}`)).out).toBe('Its worker is told to stop.');
    expect((await run(`runs cancel ${ID}`)).out).toBe('It is cancelled.');
  });

  test('submit --jsonl submits every line in batches, and waits for all', async () => {
    const { server, run, home } = await shell();
    const idOf = (n: number): string => `0199aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;
    const lines = Array.from({ length: 150 }, (_, n) => JSON.stringify({ turns: [`q${n}`] }));
    await writeFile(join(home, 'q.jsonl'), `${lines.join('\n')}\n\n`);
    let submitted = 0;
    server.on('runs.submitRuns', ({ body }) => {
      const { runs } = body as { runs: unknown[] };
      return {
        status: 201,
        json: {
          runs: runs.map(() => ({
            id: idOf((submitted += 1)),
            created: true,
            pool: 'p',
            model: 'm',
          })),
        },
      };
    });
    server.on('runs.getRun', ({ params }) => ({
      json: {
        ...DETAIL,
        id: params['run_id'],
        state: params['run_id'] === idOf(7) ? 'failed' : 'completed',
      },
    }));
    const { code, out, err } = await run(
      `runs submit --model m --jsonl ${home}/q.jsonl --idempotency-key set --wait --json`,
    );
    expect(code).toBe(1);
    const shown = out.split('\n').map((line) => (JSON.parse(line) as { id: string }).id);
    expect(shown).toEqual(Array.from({ length: 150 }, (_, n) => idOf(n + 1)));
    expect(err).toContain('149 of 150 completed');
    const batches = server
      .asked('runs.submitRuns')
      .map(({ body }) => (body as { runs: object[] }).runs);
    expect(batches.map((batch) => batch.length)).toEqual([100, 50]);
    expect(batches[0]?.[0]).toMatchObject({
      idempotency_key: 'set:0',
      payload: { message: ['q0'] },
    });
  });
});

test('an interrupt ends a wait, without a word on stdout', async () => {
  const { server, run } = await shell();
  const stop = new AbortController();
  server.on('runs.getRun', () => 'silence');
  const ran = run(`runs watch ${ID}`, stop.signal);
  await server.reached('runs.getRun');
  stop.abort(new Error('interrupted'));
  expect(await ran).toEqual({ code: 1, out: '', err: '' });
});

describe('keys and audit', () => {
  test('key create sends limits, and says how to use the key', async () => {
    const { server, run, url } = await shell();
    server.on('gateway.createKey', () => ({ status: 201, json: { ...VIRTUAL_KEY, key: 'sk-x' } }));
    const { code, out, err } = await run(
      'key create --name ci --models gpt-4o --usd-per-day 5 --tokens-per-minute 1000 --requests-per-minute 10 --expires 1d12h --no-cap',
    );
    expect({ code, out }).toEqual({ code: 0, out: 'sk-x' });
    expect(err).toContain(`curl ${url}/v1/chat/completions`);
    expect(err).toContain(`OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=sk-x`);
    expect(server.asked('gateway.createKey')[0]?.body).toEqual({
      name: 'ci',
      models: ['gpt-4o'],
      expires_in_seconds: 129_600,
      budget: { usd_per_day: '5', cap: false },
      tokens_per_minute: 1_000,
      requests_per_minute: 10,
    });
  });

  test('key list and revoke', async () => {
    const { server, run } = await shell();
    server.on('gateway.listKeys', () => ({ json: { keys: [VIRTUAL_KEY], next_cursor: null } }));
    server.on('gateway.revokeKey', () => ({ json: { ...VIRTUAL_KEY, revoked_at: AT } }));
    expect((await run('key list')).out).toMatch(/ci +sk-ab…yz +active +any +\$5\/day/);
    expect((await run(`key revoke ${ID}`)).out).toBe('Revoked ci (sk-ab…yz).');
  });

  test('audit list filters', async () => {
    const { server, run } = await shell();
    const page = { entries: [ENTRY], next_cursor: null, head: { seq: 1, hash: HASH } };
    server.on('trust.listAudit', () => ({ json: page }));
    const { out } = await run(`audit list --action fleet.approveWorker --since ${AT} --limit 3`);
    expect(out).toContain('fleet.approveWorker');
    expect(server.asked('trust.listAudit')[0]?.query).toEqual({
      action: 'fleet.approveWorker',
      since: AT,
      limit: '3',
    });
  });

  test('audit verify names the first broken entry and ends with 1', async () => {
    const { server, run } = await shell();
    const page = { entries: [ENTRY], next_cursor: null, head: { seq: 1, hash: HASH } };
    server.on('trust.listAudit', () => ({ json: page }));
    const { code, out } = await run('audit verify');
    expect(code).toBe(1);
    expect(out).toMatch(/^Broken at entry 1 /);
  });
});

describe('which server, and as whom', () => {
  test('login keeps what it tried, for later commands at that server only', async () => {
    const { server, run, environment, home, url } = await shell();
    server.on('identity.whoAmI', () => ({
      json: {
        kind: 'token',
        id: ID,
        name: 'me',
        organization: { id: ID, name: 'acme' },
        project: null,
        scopes: ['admin'],
        permissions: [],
        stands_for: null,
      },
    }));
    server.on('runs.listRuns', () => ({ json: { runs: [], next_cursor: null } }));
    delete environment['SAGEWAI_URL'];
    delete environment['SAGEWAI_TOKEN'];
    const login = await run(`login --gateway ${url}/ --token sat-kept`);
    expect(login.out).toBe(`Logged in to ${url} as me of organization acme (admin).`);
    expect((await stat(join(home, 'login.json'))).mode & 0o777).toBe(0o600);

    await run('runs list');
    expect(server.asked('runs.listRuns')[0]?.headers.authorization).toBe('Bearer sat-kept');
    const other = await scriptedServer();
    other.on('runs.listRuns', () => ({ json: { runs: [], next_cursor: null } }));
    await run(`runs list --gateway ${other.url}`);
    expect(other.asked('runs.listRuns')[0]?.headers.authorization).toBeUndefined();
  });

  test('login --org is the organization of later commands', async () => {
    const { server, run, environment } = await shell();
    const who = {
      kind: 'token',
      id: ID,
      name: 'me',
      organization: null,
      project: null,
      scopes: [],
      permissions: [],
      stands_for: null,
    };
    server.on('identity.whoAmI', () => ({ json: who }));
    server.on('runs.listRuns', () => ({ json: { runs: [], next_cursor: null } }));
    await run('login --org acme');
    expect(server.asked('identity.whoAmI')[0]?.headers['x-organization']).toBe('acme');
    await run('runs list');
    await run('runs list --org other');
    const asked = server.asked('runs.listRuns').map(({ headers }) => headers['x-organization']);
    expect(asked).toEqual(['acme', 'other']);
    expect(environment['SAGEWAI_ORGANIZATION']).toBeUndefined();
  });

  test('login without a terminal does not ask', async () => {
    const { run, environment } = await shell();
    delete environment['SAGEWAI_TOKEN'];
    expect(await run('login')).toEqual({
      code: 2,
      out: '',
      err: 'error: give the token: --token, or SAGEWAI_TOKEN',
    });
  });

  test('flags win over the environment, and an empty variable is none', async () => {
    const { server, run, environment, url } = await shell();
    server.on('runs.listRuns', () => ({ json: { runs: [], next_cursor: null } }));
    Object.assign(environment, { SAGEWAI_URL: '', FLEET_GATEWAY_URL: url, SAGEWAI_TOKEN: '' });
    environment['SAGEWAI_ADMIN_TOKEN'] = 'sat-admin';
    await run('runs list');
    await run('runs list --token sat-flag');
    const tokens = server.asked('runs.listRuns').map(({ headers }) => headers.authorization);
    expect(tokens).toEqual(['Bearer sat-admin', 'Bearer sat-flag']);
  });

  test('an address without a scheme is taken as http', async () => {
    const { server, run, url } = await shell();
    server.on('runs.listRuns', () => ({ json: { runs: [], next_cursor: null } }));
    expect((await run(`runs list --gateway ${new URL(url).host}`)).code).toBe(0);
    expect((await run('runs list --gateway ftp://x')).code).toBe(2);
  });
});

test('a wrong setup token or link is told without the advice to log in', async () => {
  const { server, run, home } = await shell();
  const refused = () => ({ status: 401, json: { code: 'caller.unknown', detail: 'Not good.' } });
  server.on('identity.acceptInvitation', refused);
  server.on('fleet.listWorkers', refused);
  await writeFile(join(home, 'pw'), 'a bird in the hand is two');
  const accepted = await run(`accounts accept link-x --name Bo --password-file ${home}/pw`);
  expect(accepted).toMatchObject({ code: 4, err: 'error: Not good.' });
  expect((await run('fleet list-workers')).err).toContain('`sagewai login` keeps a token');
});

test('the help of `sagewai` names every command', async () => {
  const launcher = fileURLToPath(new URL('../../../apps/launcher/bin/sagewai.js', import.meta.url));
  const [all, told] = [
    (await (await shell()).run('--help')).out,
    (await promisify(execFile)(process.execPath, [launcher, 'help'])).stdout,
  ].map((text) => [...text.matchAll(/^ {2}([a-z][a-z-]+)(?: |$)/gmu)].map(([, name]) => name));
  expect(all).toContain('webhooks');
  expect(told).toEqual(expect.arrayContaining(all?.filter((name) => name !== 'help') ?? []));
});

describe('exit codes', () => {
  test.each([
    [400, 'request.invalid', 2],
    [401, 'caller.unknown', 4],
    [403, 'caller.forbidden', 4],
    [404, 'resource.missing', 3],
    [409, 'state.conflict', 5],
    [413, 'request.too_large', 2],
    [500, 'service.broken', 1],
    [503, 'service.busy', 6],
  ])('%i (%s) ends with %i, stdout empty', async (status, code, exit) => {
    const { server, run } = await shell();
    const json = {
      code,
      detail: 'what is wrong',
      request_id: 'r-1',
      errors: [{ part: 'body', path: '/name', message: 'is too long' }],
    };
    server.on('fleet.approveWorker', () => ({ status, json }));
    const ran = await run(`fleet approve-worker ${ID} --json`);
    expect(ran).toMatchObject({ code: exit, out: '' });
    expect(ran.err).toMatch(/^error: what is wrong \(request r-1\)\n {2}\/name: is too long/);
  });

  test('a server that is not there ends with 6, and with advice', async () => {
    const { server, run } = await shell();
    await server.stop();
    const { code, err } = await run(`fleet approve-worker ${ID}`);
    expect(code).toBe(6);
    expect(err).toMatch(/ECONNREFUSED[^]*sagewai up/);
  });

  test.each([
    ['runz', /unknown command 'runz'[^]*Did you mean runs/],
    ['worke', /Did you mean worker/],
    ['fleet aprove-worker x', /Did you mean approve-worker/],
    ['runs list --stat failed', /Did you mean --state/],
    ['runs list --state done', /Allowed choices are queued, running/],
    ['runs list --limit many', /expected a whole number/],
    ['fleet list-workers --status up', /Allowed choices are pending/],
    ['fleet create-key', /required option '--name <name>' not specified/],
    ['fleet create-key --name k --expires soon', /expected a duration such as 7d/],
    ['fleet register --labels broken', /--labels: expected labels such as/],
    ['fleet approve-worker', /missing required argument 'id'/],
    ['runs submit', /say what to run: --message, --payload, --workflow or --jsonl/],
    ['runs submit --message a --jsonl b', /--message and --jsonl: say one of them/],
    ['runs submit --jsonl /does/not/exist', /cannot read \/does\/not\/exist: ENOENT/],
    ['config', /sagewai config explain/],
  ])('%s is a mistake in use: 2, with what was meant', async (line, message) => {
    const { run } = await shell();
    const ran = await run(line);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(message);
  });

  test('an empty id (an unset shell variable) does not reach the server', async () => {
    const { run } = await shell();
    const ran = await run(['fleet', 'approve-worker', '']);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('expected an id') });
  });

  test.each([
    ['key', 'create', '--name', 'ci', '--models', ''],
    ['teams', 'create', 'blue', '--models', ' , '],
    ['fleet', 'create-key', '--name', 'gpu', '--allowed-pools', ''],
  ])('an empty list, which would allow everything, does not either: %s %s', async (...words) => {
    const { run } = await shell();
    const ran = await run(words);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('expected one or more') });
  });

  test.each(['fleet', 'runs', 'key', 'audit'])(
    '%s --help has examples and ends with 0',
    async (group) => {
      const { run } = await shell();
      const { code, out, err } = await run(`${group} --help`);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/Examples:\n {2}sagewai/);
    },
  );

  test('the version is what the package says', async () => {
    const { run } = await shell();
    expect(await run('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\./) });
  });
});
