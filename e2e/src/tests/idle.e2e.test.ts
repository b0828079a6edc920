import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { expect } from 'vitest';

import { ask, askWell, bearer } from '../harness/api.ts';
import { makeDatabase } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const WINDOW_SECONDS = 10;
/** What background work asks, one look for all polls that are new, and one statement for all heartbeats. */
const STATEMENTS_MAX = WINDOW_SECONDS * 3;
/** Half of the interval of the server and a little more: those in more of a hurry are not held up. */
const BEAT_MS = 16_000;
/** Heartbeats come all the time, not all at once. */
const BEATS = 20;
/** Until what enrolling and starting have left to do is done. */
const SETTLE_MS = 18_000;

test('what an idle server asks its database is little, and as little with ten times the workers', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const { server } = await install(stage, null, {
    models: [{ name: 'scripted' }],
    database,
    environment: { REGISTRATIONS_PER_SECOND: '1000', REGISTRATION_BURST: '1000' },
  });
  const enrollmentKey = await makeEnrollmentKey(server);
  const stop = new AbortController();
  const lives: Promise<void>[] = [];
  stage.defer('the pollers', () => {
    stop.abort();
    return Promise.all(lives);
  });
  const addWorkers = async (count: number): Promise<void> => {
    const tokens = await enroll(server, enrollmentKey, count);
    lives.push(
      ...tokens.map((token, n) =>
        live(server, token, { firstBeatMs: (n % BEATS) * (BEAT_MS / BEATS), signal: stop.signal }),
      ),
    );
  };

  await addWorkers(20);
  const withFew = await statementsWhileIdle(server);
  await addWorkers(180);
  const withMany = await statementsWhileIdle(server);
  // Heartbeats that wait for their pace have no caller any more, and are written all the same.
  stop.abort();
  await Promise.all(lives);
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(server.process().text()).not.toContain('"level":"error"');
  expect(withFew).toBeLessThanOrEqual(STATEMENTS_MAX);
  expect(withMany).toBeLessThanOrEqual(STATEMENTS_MAX);
});

function enroll(server: Server, enrollmentKey: string, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const { token } = await askWell(`${server.url}/api/v1/fleet/register`, {
        headers: { 'x-enrollment-key': enrollmentKey },
        body: { name: `poller-${randomUUID()}`, pool: n % 2 === 0 ? 'even' : 'odd' },
      });
      return token as string;
    }),
  );
}

/** Polls and beats as a worker that nobody needs, more often than real ones do, until the signal. */
async function live(
  server: Server,
  token: string,
  { firstBeatMs, signal }: { readonly firstBeatMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const call = async (path: string, body: object): Promise<void> => {
    const url = `${server.url}/api/v1/fleet/${path}`;
    expect((await ask(url, { headers: bearer(token), body, signal })).status).toBe(200);
  };
  const untilStopped = async (step: () => Promise<unknown>): Promise<void> => {
    while (!signal.aborted) {
      await step().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  };
  await Promise.all([
    // No more than six a minute: more are counted as an anomaly might be.
    untilStopped(() => call('claim', { slots: 1, poll_timeout: 11, poll_id: randomUUID() })),
    pause(firstBeatMs).then(() =>
      untilStopped(async () => {
        await call('heartbeat', { runs: [] });
        await pause(BEAT_MS, undefined, { signal });
      }),
    ),
  ]);
}

async function statementsWhileIdle(server: Server): Promise<number> {
  await pause(SETTLE_MS);
  const before = await countStatements(server);
  await pause(WINDOW_SECONDS * 1_000);
  return (await countStatements(server)) - before;
}

async function countStatements(server: Server): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('sagewai_database_statements_total{'));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
