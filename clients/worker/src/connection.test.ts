import { createNodeSend, makeWorkerKey } from '@sagewai/sdk/node';
import {
  completion,
  lease,
  scriptedFleet,
  type ScriptedFleet,
} from '@sagewai/testing/scripted-fleet';
import type { Answer, Script } from '@sagewai/testing/scripted-server';
import { SLOTS_PER_POLL_MAX as SLOTS_OF_CONTRACT } from '@sagewai/wire';
import { describe, expect, onTestFinished, test } from 'vitest';

import { SLOTS_PER_POLL_MAX } from './claim-runs.ts';
import type { ConnectionEnd } from './connection-end.ts';
import { serve } from './connection.ts';
import { NO_CREDENTIALS } from './credentials/credential-fixture.ts';
import { openSession } from './session.ts';
import type { WorkerOptions } from './worker-options.ts';

interface Connected {
  readonly lines: readonly string[];
  readonly ended: Promise<ConnectionEnd>;
  drain(): Promise<ConnectionEnd>;
}

async function connect(
  fleet: ScriptedFleet,
  more: Partial<WorkerOptions> = {},
): Promise<Connected> {
  const options: WorkerOptions = {
    url: fleet.url,
    name: 'w',
    home: '/nowhere',
    pool: 'default',
    labels: {},
    version: '',
    models: [],
    maxConcurrent: 2,
    enrollmentKey: '',
    workerToken: '',
    organization: '',
    project: '',
    heartbeatIntervalMs: 20,
    pollTimeoutMs: 30_000,
    serverWaitMsMax: 60_000,
    drainMsMax: 60_000,
    exitWhenDrained: false,
    leaveOnStop: false,
    providers: { openai: null, anthropic: null, ollama: { baseUrl: 'http://127.0.0.1:9/v1' } },
    key: makeWorkerKey(),
    mtls: false,
    serverTls: {},
    credentials: NO_CREDENTIALS,
    environment: {},
    workflows: new Map(),
    sealKey: null,
    isSealKeyGiven: false,
    send: createNodeSend(),
    probe: null,
    sendToProvider: createNodeSend(),
    ...more,
  };
  const stop = new AbortController();
  const lines: string[] = [];
  const log = {
    note: (text: string) => void lines.push(text),
    warn: (text: string) => void lines.push(text),
  };
  const session = await openSession(
    options,
    { kind: 'token', token: 'wrt-1.issued' },
    { holder: 'h', signal: stop.signal },
  );
  const ended = serve(session, options, log, stop.signal);
  const drain = (): Promise<ConnectionEnd> => {
    stop.abort(new Error('told to stop'));
    return ended;
  };
  onTestFinished(async () => void (await drain()));
  return { lines, ended, drain };
}

/** Model calls wait until the test lets them go, each by the number of its run token. */
function heldCalls(fleet: ScriptedFleet): { release(token: string): void } {
  const held = new Map<string, PromiseWithResolvers<void>>();
  const of = (token: string): PromiseWithResolvers<void> => {
    const one = held.get(token) ?? Promise.withResolvers<void>();
    held.set(token, one);
    return one;
  };
  fleet.on('gateway.createChatCompletion', async ({ headers }) => {
    await of(headers.authorization ?? '').promise;
    return { json: completion('hi') };
  });
  return { release: (token) => of(`Bearer ${token}`).resolve() };
}

const hungUp = (): 'hang up' => 'hang up';

/** The `nth` poll is answered by the `nth` script; later ones find nothing, and wait if they may. */
const polls =
  (...scripts: Answer[]): Script =>
  ({ body }, nth) => {
    const scripted = scripts[nth - 1];
    if (scripted) return scripted;
    return (body as { poll_timeout: number }).poll_timeout === 0
      ? { json: { leases: [] } }
      : 'silence';
  };

describe('polls', () => {
  test('one without an answer is repeated under its own id, the next has another (F6)', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    fleet.on('fleet.claimRuns', polls('hang up', { json: { leases: [lease(1)] } }));
    await connect(fleet);
    await fleet.reached('fleet.claimRuns', 3);
    const ids = fleet
      .asked('fleet.claimRuns')
      .map(({ body }) => (body as { poll_id: string }).poll_id);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[1]).not.toBe(ids[2]);
    calls.release('rt-1.1');
    await fleet.reported(1);
  });

  test('a server that restarts in the middle of a poll is found again, in the same session', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
    const worker = await connect(fleet);
    const before = await fleet.reached('fleet.claimRuns');
    await fleet.stop();
    await fleet.start();
    const after = await fleet.reached('fleet.claimRuns', 2);
    expect(after.body).toEqual(before.body);
    fleet.give(lease(1));
    await fleet.reported(1);
    expect(fleet.asked('fleet.openWorkerSession')).toHaveLength(1);
    expect(worker.lines.filter((line) => line.includes('trying again'))).toHaveLength(1);
    expect(worker.lines).toContain('the server answers again');
  });

  test('ask for what is free, and for nothing while nothing is', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    await connect(fleet);
    const slotsOf = async (nth: number): Promise<number> =>
      ((await fleet.reached('fleet.claimRuns', nth)).body as { slots: number }).slots;
    expect(await slotsOf(1)).toBe(2);
    fleet.give(lease(1));
    expect(await slotsOf(2)).toBe(1);
    fleet.give(lease(2));
    await fleet.names(lease(1), lease(2));
    expect(fleet.asked('fleet.claimRuns')).toHaveLength(2);
    calls.release('rt-1.1');
    expect(await slotsOf(3)).toBe(1);
    calls.release('rt-1.2');
    await fleet.reported(2);
  });

  test('never ask for more than the contract takes', () => {
    expect(SLOTS_PER_POLL_MAX).toBe(SLOTS_OF_CONTRACT);
  });

  test('a server that answers nothing at once is not asked again at once', async () => {
    const fleet = await scriptedFleet();
    fleet.on('fleet.claimRuns', () => ({ json: { leases: [] } }));
    const startedAt = performance.now();
    await connect(fleet);
    await fleet.reached('fleet.claimRuns', 3);
    expect(performance.now() - startedAt).toBeGreaterThan(2 * 240);
  });

  test('a lease that is given twice is run once', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const same = { json: { leases: [lease(1)] } };
    fleet.on('fleet.claimRuns', polls(same, same));
    await connect(fleet);
    await fleet.reached('fleet.claimRuns', 3);
    calls.release('rt-1.1');
    await fleet.reported(1);
    expect(fleet.asked('gateway.createChatCompletion')).toHaveLength(1);
  });
});

describe('heartbeats', () => {
  test('name a run until its report has been taken (C1)', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    await connect(fleet);
    fleet.give(lease(1));
    await fleet.names(lease(1));
    const answer = Promise.withResolvers<void>();
    fleet.on('fleet.reportRuns', async (_, nth) => {
      if (nth === 1) return 'hang up';
      await answer.promise;
      const { run_id } = lease(1);
      return { json: { results: [{ run_id, status: 'ok', requeued: false, repeated: false }] } };
    });
    calls.release('rt-1.1');
    await fleet.reached('fleet.reportRuns', 2);
    await fleet.names(lease(1));
    answer.resolve();
    await fleet.names();
    expect(fleet.asked('fleet.reportRuns')).toHaveLength(2);
  });

  test('say what to cancel: the call is broken off and the run reported as cancelled', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => 'silence');
    await connect(fleet);
    fleet.give(lease(1), lease(2));
    await fleet.reached('gateway.createChatCompletion', 2);
    fleet.beats.answer = { cancel: [lease(1).run_id] };
    const [report] = await fleet.reported(1);
    expect(report).toEqual({ run_id: lease(1).run_id, epoch: 1, status: 'cancelled' });
    await fleet.names(lease(2));
    fleet.beats.answer = { lost: [lease(2).run_id] };
    await fleet.names();
    expect(fleet.reports).toHaveLength(1);
  });

  test('what is lost under an earlier epoch leaves the later attempt alone (C2)', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const again = lease(1, { epoch: 9, run_token: 'rt-1.9' });
    fleet.on('fleet.heartbeat', async ({ body }) => {
      const { runs = [] } = body as { runs?: { epoch: number }[] };
      const isFirst = runs.some(({ epoch }) => epoch === 1);
      if (isFirst) {
        asked.resolve();
        await answer.promise;
      }
      return {
        json: {
          ok: true,
          status: 'approved',
          session_epoch: 1,
          cancel: [],
          lost: isFirst ? [lease(1).run_id] : [],
          heartbeat_interval_ms: 20,
        },
      };
    });
    await connect(fleet);
    fleet.give(lease(1));
    await asked.promise;
    fleet.give(again);
    await fleet.reached('gateway.createChatCompletion', 2);
    answer.resolve();
    await fleet.names(again);
    calls.release('rt-1.9');
    const [report] = await fleet.reported(1);
    expect(report).toMatchObject({ epoch: 9, status: 'completed' });
  });

  test('renew the token for every later call', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
    await connect(fleet);
    await fleet.reached('fleet.claimRuns');
    fleet.beats.answer = { token: 'wrt-1.renewed', token_expires_at: '2100-01-01T00:00:00Z' };
    const renewedBy = fleet.asked('fleet.heartbeat').length + 2;
    const beat = await fleet.reached('fleet.heartbeat', renewedBy);
    expect(beat.headers.authorization).toBe('Bearer wrt-1.renewed');
    fleet.give(lease(1));
    const poll = await fleet.reached('fleet.claimRuns', 2);
    expect(poll.headers.authorization).toBe('Bearer wrt-1.renewed');
  });
});

describe('a drain', () => {
  test('lets runs end, and takes no new ones', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const worker = await connect(fleet);
    fleet.give(lease(1));
    await fleet.reached('fleet.claimRuns', 2);
    const ended = worker.drain();
    // The last look of the poll that was broken off.
    const last = await fleet.reached('fleet.claimRuns', 3);
    expect(last.body).toMatchObject({ poll_timeout: 0 });
    calls.release('rt-1.1');
    expect(await ended).toEqual({ kind: 'drained', unsent: 0 });
    expect(fleet.reports).toMatchObject([{ status: 'completed' }]);
    expect(fleet.asked('fleet.claimRuns')).toHaveLength(3);
  });

  test('gives runs that take too long back to the queue', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => 'silence');
    const worker = await connect(fleet, { drainMsMax: 30 });
    fleet.give(lease(1));
    await fleet.reached('gateway.createChatCompletion');
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 0 });
    expect(fleet.reports).toMatchObject([{ epoch: 1, status: 'released' }]);
  });

  test('finds what was granted in the moment in which the poll was broken off', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
    const ids: string[] = [];
    fleet.on('fleet.claimRuns', ({ body }) => {
      const { poll_id: id, poll_timeout: seconds } = body as {
        poll_id: string;
        poll_timeout: number;
      };
      ids.push(id);
      return seconds === 0 ? { json: { leases: [lease(1)] } } : 'silence';
    });
    const worker = await connect(fleet);
    await fleet.reached('fleet.claimRuns');
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 0 });
    expect(fleet.reports).toMatchObject([{ status: 'completed' }]);
    expect(new Set(ids).size).toBe(1);
  });

  test('of a worker that cannot reach the server ends all the same, and says what is unsent', async () => {
    const fleet = await scriptedFleet();
    fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
    fleet.on('fleet.reportRuns', hungUp);
    const worker = await connect(fleet, { drainMsMax: 0 });
    fleet.give(lease(1));
    await fleet.reached('fleet.reportRuns');
    await fleet.stop();
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 1 });
  });

  test('of a pending worker ends at once', async () => {
    const fleet = await scriptedFleet('pending');
    const worker = await connect(fleet);
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 0 });
  });
});

test('a session that ends stops its runs and reports none of them', async () => {
  const fleet = await scriptedFleet();
  fleet.on('gateway.createChatCompletion', () => 'silence');
  const worker = await connect(fleet);
  fleet.give(lease(1));
  await fleet.reached('gateway.createChatCompletion');
  fleet.on('fleet.heartbeat', () => ({
    status: 401,
    json: { code: 'caller.unknown', detail: 'expired' },
  }));
  expect(await worker.ended).toEqual({ kind: 'closed', reason: 'expired' });
  expect(fleet.reports).toEqual([]);
});

test('a run that asks a person gives its place up, and goes on when it is answered', async () => {
  const fleet = await scriptedFleet();
  fleet.on('gateway.createChatCompletion', () => ({ json: completion('hi') }));
  fleet.on('fleet.waitForResume', (_request, nth) =>
    nth === 1 ? 'hang up' : { json: { state: 'waiting', repeated: true } },
  );
  const payload = {
    agent: { name: 'a', model: 'm' },
    message: 'hello',
    approval: { prompt: 'May it?', timeout_seconds: 60 },
  };
  await connect(fleet);
  fleet.give(lease(1, { payload }));
  const { body } = await fleet.reached('fleet.waitForResume', 2);
  expect(body).toEqual({
    epoch: 1,
    for: 'approval',
    name: 'start',
    prompt: 'May it?',
    timeout_seconds: 60,
  });
  await fleet.names();
  expect(fleet.reports).toEqual([]);
  const resume = { kind: 'approved', name: 'start', value: null, by: 'token:ann' } as const;
  fleet.give(lease(1, { payload, epoch: 2, resume }));
  expect(await fleet.reported(1)).toMatchObject([{ epoch: 2, status: 'completed' }]);
});

describe('a worker that is asked to go', () => {
  test('takes nothing new, ends what it has, and stays when it is told so', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const { lines } = await connect(fleet, { pollTimeoutMs: 100 });
    fleet.give(lease(1));
    await fleet.names(lease(1));
    fleet.beats.answer = { draining: true };
    await fleet.reached('fleet.heartbeat', fleet.asked('fleet.heartbeat').length + 2);
    fleet.beats.answer = {};
    await fleet.reached('fleet.heartbeat', fleet.asked('fleet.heartbeat').length + 2);
    calls.release('rt-1.1');
    calls.release('rt-1.2');
    fleet.give(lease(2));
    expect(await fleet.reported(2)).toMatchObject([{}, { status: 'completed' }]);
    const told = lines.filter((line) => /asked to go|may stay/.test(line));
    expect(told).toEqual(['asked to go: takes no new runs', 'may stay: takes runs again']);
  });

  test('ends by itself when it holds nothing more, if it may', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const { ended } = await connect(fleet, { exitWhenDrained: true });
    fleet.give(lease(1));
    await fleet.names(lease(1));
    fleet.beats.answer = { draining: true };
    await fleet.reached('fleet.heartbeat', fleet.asked('fleet.heartbeat').length + 2);
    calls.release('rt-1.1');
    expect(await ended).toEqual({ kind: 'drained', unsent: 0 });
    expect(fleet.reports).toMatchObject([{ status: 'completed' }]);
  });

  test('one that does not come back tells the server, and still ends what it holds', async () => {
    const fleet = await scriptedFleet();
    const calls = heldCalls(fleet);
    const told = Promise.withResolvers<string>();
    fleet.on('fleet.askWhetherSafe', ({ query }) => {
      told.resolve(JSON.stringify(query));
      return {
        json: {
          worker_id: '0199aaaa-0000-7000-8000-000000000001',
          status: 'approved',
          safe: false,
          draining: true,
          active_runs: 1,
        },
      };
    });
    const worker = await connect(fleet, { leaveOnStop: true });
    fleet.give(lease(1));
    await fleet.names(lease(1));
    const ended = worker.drain();
    expect(await told.promise).toBe('{"drain":"true"}');
    calls.release('rt-1.1');
    expect(await ended).toEqual({ kind: 'drained', unsent: 0 });
    expect(fleet.reports).toMatchObject([{ status: 'completed' }]);
  });

  test('a server that cannot be told changes nothing about how it ends', async () => {
    const fleet = await scriptedFleet();
    fleet.on('fleet.askWhetherSafe', () => ({ status: 403, json: { code: 'caller.forbidden' } }));
    const worker = await connect(fleet, { leaveOnStop: true });
    expect(await worker.drain()).toEqual({ kind: 'drained', unsent: 0 });
    expect(worker.lines.join()).toContain('leaves for good');
  });
});

test('what a back end can serve is told with the heartbeat, and at once when it goes away', async () => {
  const fleet = await scriptedFleet();
  const told: unknown[] = [];
  const models = ['ollama/llama3'];
  fleet.on('fleet.openWorkerSession', () => ({
    status: 201,
    json: {
      worker_id: '0199aaaa-0000-7000-8000-000000000001',
      status: 'approved',
      capabilities: { models, pool: 'default', labels: {}, max_concurrent: 2 },
      session_epoch: 1,
      token: 'wrt-1.session',
      token_expires_at: '2030-01-01T00:00:00Z',
      heartbeat_interval_ms: 60_000,
    },
  }));
  let isThere = true;
  const answered = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  fleet.on('fleet.heartbeat', ({ body }) => {
    const { probes } = body as { probes?: { reachable: boolean }[] };
    for (const { reachable } of probes ?? []) {
      told.push(reachable);
      (reachable ? answered : gone).resolve();
    }
    return {
      json: {
        ok: true,
        status: 'approved',
        session_epoch: 1,
        cancel: [],
        lost: [],
        heartbeat_interval_ms: 60_000,
      },
    };
  });
  await connect(fleet, {
    heartbeatIntervalMs: 60_000,
    probe: { how: 'list', everyMs: 5, timeoutMs: 1_000 },
    sendToProvider: () =>
      isThere
        ? Promise.resolve({
            status: 200,
            text: JSON.stringify({ models: [{ name: 'llama3:latest' }] }),
            header: () => null,
          })
        : Promise.reject(new Error('ECONNREFUSED')),
  });
  await answered.promise;
  isThere = false;
  await gone.promise;
  expect(told.at(0)).toBe(true);
  expect(told.at(-1)).toBe(false);
});
