import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { completion, lease, scriptedFleet, WORKER_ID } from '@sagewai/testing/scripted-fleet';
import { describe, expect, test } from 'vitest';

import { start } from './supervise-fixture.ts';

describe('enrollment', () => {
  test('registers with the key, keeps the credential to itself, and uses it at the next start', async () => {
    const fleet = await scriptedFleet();
    const more = { enrollmentKey: 'sk-fleet-1', pool: 'gpu', models: ['m'], labels: { a: 'b' } };
    const first = await start(fleet.url, more);
    await fleet.reached('fleet.claimRuns');
    const { headers, body } = await fleet.reached('fleet.registerWorker');
    expect(headers['x-enrollment-key']).toBe('sk-fleet-1');
    expect(body).toEqual({
      name: 'w',
      pool: 'gpu',
      models: ['m'],
      labels: { a: 'b' },
      max_concurrent: 2,
      public_key: { kty: 'OKP', crv: 'Ed25519', x: expect.stringMatching(/^[\w-]{43}$/) },
    });
    expect(fleet.asked('fleet.openWorkerSession')[0]?.headers).toMatchObject({
      'x-worker-id': WORKER_ID,
      'x-worker-secret': 'a secret',
    });
    const files = await readdir(join(first.home, 'workers'));
    expect(files.map((file) => extname(file)).toSorted()).toEqual(['.generation', '.json', '.key']);
    for (const file of files.map((each) => join(first.home, 'workers', each))) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).not.toContain('sk-fleet');
    }
    await first.drain();

    const second = await start(fleet.url, { ...more, home: first.home });
    await fleet.reached('fleet.openWorkerSession', 2);
    await second.drain();
    expect(fleet.asked('fleet.registerWorker')).toHaveLength(1);
  });

  test('another pool is another registration', async () => {
    const fleet = await scriptedFleet();
    const first = await start(fleet.url, { pool: 'gpu' });
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    const second = await start(fleet.url, { pool: 'cpu', home: first.home });
    expect((await fleet.reached('fleet.registerWorker', 2)).body).toMatchObject({ pool: 'cpu' });
    await second.said(/its pool changed/);
  });

  test.each([
    ['WRT_TOKEN', { workerToken: 'wrt-1.issued' }],
    ['the place of the key', { enrollmentKey: 'wrt-1.issued' }],
  ])('a worker token in %s opens a session without a registration', async (_, more) => {
    const fleet = await scriptedFleet();
    await start(fleet.url, more);
    await fleet.reached('fleet.claimRuns');
    const [opened] = fleet.asked('fleet.openWorkerSession');
    expect(opened?.headers).toMatchObject({ authorization: 'Bearer wrt-1.issued' });
    expect(fleet.asked('fleet.registerWorker')).toHaveLength(0);
  });

  test('a credential that the server has forgotten is given up once, and only with a key', async () => {
    const fleet = await scriptedFleet();
    const unknown = { status: 401, json: { code: 'caller.unknown', detail: 'Invalid credential' } };
    const known = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    await known.drain();
    fleet.on('fleet.openWorkerSession', () => unknown);
    const { home } = known;
    const again = await start(fleet.url, { enrollmentKey: 'sk-fleet-1', home });
    expect(await again.ended).toMatchObject({ kind: 'fatal', why: 'auth' });
    expect(fleet.asked('fleet.registerWorker')).toHaveLength(2);
    const without = await start(fleet.url, { home });
    expect(await without.ended).toMatchObject({ kind: 'fatal', why: 'auth' });
    expect(fleet.asked('fleet.registerWorker')).toHaveLength(2);
  });

  test('a home that cannot be written costs no second use of the key', async () => {
    const fleet = await scriptedFleet();
    const file = fileURLToPath(import.meta.url);
    const worker = await start(fleet.url, { home: `${file}/home`, enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    await worker.said(/warning: its credential cannot be kept \(ENOTDIR\)/);
    expect(fleet.asked('fleet.registerWorker')).toHaveLength(1);
  });

  test('a refusal without any credential says how to get one', async () => {
    const fleet = await scriptedFleet();
    fleet.on('fleet.registerWorker', () => ({
      status: 401,
      json: { code: 'caller.unknown', detail: 'Registration needs a key' },
    }));
    const worker = await start(fleet.url);
    const end = await worker.ended;
    expect(end).toMatchObject({ kind: 'fatal', why: 'auth' });
    expect(end).toMatchObject({ reason: expect.stringMatching(/Registration.*ENROLLMENT_KEY/) });
  });
});

describe('waiting for the server', () => {
  test('waits with one line for a server that is not up yet', async () => {
    const fleet = await scriptedFleet();
    await fleet.stop();
    const worker = await start(fleet.url, { workerToken: 'wrt-1.issued' });
    await worker.said(/cannot reach .*ECONNREFUSED.*waiting for the server/);
    const { session } = fleet;
    fleet.on('fleet.openWorkerSession', (_, nth) =>
      nth < 3 ? 'hang up' : { status: 201, json: session() },
    );
    await fleet.start();
    await fleet.reached('fleet.claimRuns');
    expect(worker.lines.filter((line) => line.includes('cannot reach'))).toHaveLength(1);
  });

  test('gives up after SERVER_WAIT, and says so', async () => {
    const fleet = await scriptedFleet();
    await fleet.stop();
    const worker = await start(fleet.url, { serverWaitMsMax: 50 });
    expect(await worker.ended).toMatchObject({
      kind: 'fatal',
      why: 'unavailable',
      reason: expect.stringMatching(/ECONNREFUSED.*gave up after 0.05 s \(SERVER_WAIT\)/),
    });
  });

  test('an address where something else answers is not waited for', async () => {
    const fleet = await scriptedFleet();
    fleet.on('fleet.registerWorker', () => ({ status: 404, text: '<html>' }));
    const worker = await start(fleet.url);
    expect(await worker.ended).toMatchObject({
      kind: 'fatal',
      reason: expect.stringContaining('is the address right?'),
    });
  });
});

describe('approval', () => {
  test('a pending worker lives, does not claim, and starts by itself once approved', async () => {
    const fleet = await scriptedFleet('pending');
    const worker = await start(fleet.url);
    await worker.said(/waits for approval/);
    await fleet.reached('fleet.heartbeat', 3);
    expect(fleet.asked('fleet.claimRuns')).toHaveLength(0);
    fleet.beats.answer = { status: 'approved' };
    await fleet.reached('fleet.claimRuns');
    await worker.said(/approved: claiming runs/);
  });

  test.each(['rejected', 'revoked'] as const)('a %s worker ends', async (status) => {
    const fleet = await scriptedFleet('pending');
    const worker = await start(fleet.url);
    await fleet.reached('fleet.heartbeat');
    fleet.beats.answer = { status };
    const reason = `an administrator ${status} this worker`;
    expect(await worker.ended).toEqual({ kind: 'fatal', why: 'auth', reason });
  });
});

describe('the end of a session', () => {
  test('a second process ends the first, which says why', async () => {
    const fleet = await scriptedFleet();
    const worker = await start(fleet.url);
    await fleet.reached('fleet.claimRuns');
    const json = { code: 'worker_session.replaced', detail: 'A newer session exists.' };
    // Of the same home, so that it counts the generations from now on.
    await start(fleet.url, { home: worker.home });
    await fleet.reached('fleet.openWorkerSession', 2);
    fleet.on('fleet.heartbeat', () => ({ status: 409, json }));
    expect(await worker.ended).toMatchObject({
      kind: 'fatal',
      why: 'conflict',
      reason: expect.stringMatching(/newer session.*WORKER_NAME/),
    });
  });

  test('a token that is not valid any more leads to a new session, with a new token', async () => {
    const fleet = await scriptedFleet();
    const worker = await start(fleet.url);
    await fleet.reached('fleet.claimRuns');
    const unknown = { status: 401, json: { code: 'caller.unknown', detail: 'expired' } };
    fleet.on('fleet.heartbeat', ({ headers }) =>
      headers.authorization === 'Bearer wrt-1.2'
        ? unknown
        : {
            json: {
              ok: true,
              status: 'approved',
              session_epoch: 3,
              cancel: [],
              lost: [],
              heartbeat_interval_ms: 30_000,
            },
          },
    );
    await fleet.reached('fleet.openWorkerSession', 2);
    await worker.said(/the session was closed: expired/);
    const next = await fleet.reached('fleet.claimRuns', 2);
    expect(next.headers.authorization).toBe('Bearer wrt-1.3');
  });

  test('a revoked worker does not come back', async () => {
    const fleet = await scriptedFleet();
    const worker = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    const json = { code: 'worker.revoked', detail: 'The worker was revoked' };
    fleet.on('fleet.heartbeat', () => ({ status: 401, json }));
    expect(await worker.ended).toMatchObject({ kind: 'fatal', why: 'auth' });
    expect(fleet.asked('fleet.openWorkerSession')).toHaveLength(1);
  });

  test('a run from claim to report, through the gateway with the token of the run', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
    const worker = await start(fleet.url);
    fleet.give(lease(1));
    const [report] = await fleet.reported(1);
    expect(report).toMatchObject({
      run_id: lease(1).run_id,
      epoch: 1,
      status: 'completed',
      output: { agent: 'a', message: 'hi', model: 'm-2026', usage: { calls: 1 } },
    });
    const [call] = fleet.asked('gateway.createChatCompletion');
    expect(call?.headers.authorization).toBe('Bearer rt-1.1');
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 0 });
  });
});
