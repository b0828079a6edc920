import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { completion, lease, scriptedFleet } from '@sagewai/testing/scripted-fleet';
import { expect, onTestFinished, test } from 'vitest';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Process {
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

/** The real process, as the launcher starts it. */
async function worker(words: readonly string[], environment: NodeJS.ProcessEnv): Promise<Process> {
  const home = await mkdtemp(join(tmpdir(), 'sagewai-worker-main-'));
  const main = JSON.stringify(new URL('main.ts', import.meta.url));
  const code = `const { main } = await import(${main});
process.exitCode = await main(process.argv.slice(1));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, '--', ...words], {
    env: { PATH: process.env['PATH'], SAGEWAI_HOME: home, ...environment },
  });
  const ended = (async () => {
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { code: child.exitCode, out, err };
  })();
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true });
  });
  return { signal: (signal) => void child.kill(signal), ended };
}

test('without a server it ends with 2, and says what is missing', async () => {
  const { ended } = await worker([], {});
  const { code, out, err } = await ended;
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/FLEET_GATEWAY_URL \(or --gateway\): missing/);
});

test('--mtls without HTTPS ends with 2, before there is a key pair', async () => {
  const { ended } = await worker(['--mtls'], { FLEET_GATEWAY_URL: 'http://127.0.0.1:1' });
  expect(await ended).toMatchObject({
    code: 2,
    err: expect.stringMatching(/WORKER_MTLS \(--mtls\).*not https/),
  });
});

test('a flag that does not exist ends with 2, and names the one that was meant', async () => {
  const { ended } = await worker(['--modles', 'a'], {});
  expect(await ended).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Did you mean --models/),
  });
});

test('tells each setting and hides secrets', async () => {
  const environment = { ENROLLMENT_KEY: 'sk-fleet-secret', WORKER_POOL: 'gpu' };
  const { ended } = await worker(['--explain-config', '--json'], environment);
  const { code, out } = await ended;
  expect(code).toBe(0);
  expect(out).not.toContain('sk-fleet-secret');
  const rows = JSON.parse(out) as { name: string; value: string; source: string }[];
  expect(rows.find(({ name }) => name === 'WORKER_POOL')).toMatchObject({
    value: 'gpu',
    source: 'environment',
  });
});

test('SIGTERM drains: the run ends, is reported, and the process ends with 0', async () => {
  const fleet = await scriptedFleet();
  const answer = Promise.withResolvers<void>();
  fleet.on('gateway.createChatCompletion', async () => {
    await answer.promise;
    return { json: completion('hi') };
  });
  const { ended, signal } = await worker(['--max-concurrent', '1'], {
    FLEET_GATEWAY_URL: fleet.url,
  });
  fleet.give(lease(1));
  await fleet.reached('gateway.createChatCompletion');
  signal('SIGTERM');
  answer.resolve();
  const { code, out, err } = await ended;
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(fleet.reports).toMatchObject([{ status: 'completed' }]);
  expect(err).toMatch(/draining/);
});

test('a session that was replaced by another process of its home ends with 5', async () => {
  const fleet = await scriptedFleet();
  const SAGEWAI_HOME = await mkdtemp(join(tmpdir(), 'sagewai-worker-main-'));
  onTestFinished(() => rm(SAGEWAI_HOME, { recursive: true }));
  const environment = { FLEET_GATEWAY_URL: fleet.url, SAGEWAI_HOME, HEARTBEAT_INTERVAL: '100ms' };
  const first = await worker([], environment);
  await fleet.reached('fleet.claimRuns');
  const second = await worker([], environment);
  const { headers } = await fleet.reached('fleet.claimRuns', 2);
  const json = { code: 'worker_session.replaced', detail: 'A newer session exists.' };
  const beats = { ok: true, status: 'approved', session_epoch: 3, cancel: [], lost: [] } as const;
  fleet.on('fleet.heartbeat', (asked) =>
    asked.headers.authorization === headers.authorization
      ? { json: { ...beats, heartbeat_interval_ms: 30_000 } }
      : { status: 409, json },
  );
  expect(await first.ended).toMatchObject({ code: 5, err: expect.stringContaining('WORKER_NAME') });
  second.signal('SIGTERM');
  expect(await second.ended).toMatchObject({ code: 0 });
}, 30_000);

test('a server that does not come ends with 6', async () => {
  const fleet = await scriptedFleet();
  await fleet.stop();
  const { ended } = await worker([], { FLEET_GATEWAY_URL: fleet.url, SERVER_WAIT: '0s' });
  expect(await ended).toMatchObject({ code: 6, err: expect.stringContaining('ECONNREFUSED') });
});
