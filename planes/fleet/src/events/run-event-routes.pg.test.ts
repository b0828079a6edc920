import { createSecretKey, randomBytes } from 'node:crypto';
import { get, type IncomingMessage } from 'node:http';

import fc from 'fast-check';
import { expect } from 'vitest';

import type { FixtureLease, FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const fast = { eventWatchEveryMs: 20 };
const lines = (from: number, count: number): object[] =>
  Array.from({ length: count }, (_, at) => ({ kind: 'log', text: `line ${from + at}` }));

async function running(
  replica: FleetFixture,
): Promise<{ worker: FixtureWorker; lease: FixtureLease }> {
  const worker = await replica.worker();
  await replica.submit();
  const [lease] = await replica.claim(worker);
  return { worker, lease: lease as FixtureLease };
}

const say = (
  replica: FleetFixture,
  { worker, lease }: { worker: FixtureWorker; lease: FixtureLease },
  body: { first: number; events: object[]; epoch?: number },
) =>
  replica.call('POST', `/api/v1/fleet/runs/${lease.run_id}/events`, {
    as: worker.token,
    body: { epoch: lease.epoch, ...body },
  });

const read = (replica: FleetFixture, runId: string, query = '', as = 'read') =>
  replica.call('GET', `/api/v1/runs/${runId}/events${query}`, { as });

test('what a run says is read by cursor, and is over when the run is', async ({ replicaWith }) => {
  const replica = replicaWith({ settings: fast });
  const run = await running(replica);
  const { run_id: id, epoch } = run.lease;
  const events = [...lines(1, 2), { kind: 'progress', fraction: 0.5, text: 'half' }];
  expect(await say(replica, run, { first: 1, events })).toEqual({
    status: 200,
    body: { kept: 3, left_out: 0, next: 4 },
  });
  const page = await read(replica, id, '?limit=2');
  expect(page.body).toMatchObject({ next: 2, state: 'running', is_end: false, left_out: 0 });
  const rest = await read(replica, id, '?after=2');
  expect(rest.body).toMatchObject({
    events: [{ seq: 3, kind: 'progress', fraction: 0.5, text: 'half', attempt: 1, level: null }],
  });
  const more = read(replica, id, '?after=3&wait_ms=30000');
  await say(replica, run, {
    first: 4,
    events: [{ kind: 'custom', text: 'found', data: { n: 1 } }],
  });
  expect((await more).body).toMatchObject({ events: [{ seq: 4, data: { n: 1 } }] });
  const end = read(replica, id, '?after=4&wait_ms=30000');
  await replica.report(run.worker, { run_id: id, epoch, status: 'completed' });
  expect((await end).body).toMatchObject({ events: [], state: 'completed', is_end: true, next: 4 });
});

test('a wait ends too when another replica is told, or ends the run', async ({ replicaWith }) => {
  const key = createSecretKey(randomBytes(32));
  const [here, there] = [
    replicaWith({ settings: fast, key }),
    replicaWith({ settings: fast, key }),
  ];
  const run = await running(here);
  const { run_id: id, epoch } = run.lease;
  const more = read(there, id, '?wait_ms=30000');
  await say(here, run, { first: 1, events: lines(1, 1) });
  expect((await more).body).toMatchObject({ next: 1 });
  const end = read(there, id, '?after=1&wait_ms=30000');
  await here.report(run.worker, { run_id: id, epoch, status: 'failed' });
  expect((await end).body).toMatchObject({ is_end: true, state: 'failed' });
});

test('a lost lease is a benign 409, and says so (F1)', async ({ replica }) => {
  const run = await running(replica);
  const answer = await say(replica, run, { first: 1, events: lines(1, 1), epoch: 9_999_999 });
  expect(answer.status).toBe(409);
  expect(JSON.stringify(answer.body)).toContain('nothing is to be done');
  const big = [{ kind: 'custom', text: 'x', data: 'x'.repeat(17_000) }];
  expect((await say(replica, run, { first: 1, events: big })).status).toBe(413);
  expect((await say(replica, run, { first: 1, events: [{ kind: 'shout' }] })).status).toBe(400);
});

test("another project's run is not there, nor is another organization's", async ({ replica }) => {
  const { lease } = await running(replica);
  const missing = '0199aaaa-0000-7000-8000-000000000001';
  expect((await read(replica, missing)).status).toBe(404);
  expect((await read(replica, `${missing}`, '', 'none')).status).toBe(401);
  const stream = await replica.call('GET', `/api/v1/runs/${missing}/events/stream`, { as: 'read' });
  expect(stream.status).toBe(404);
  expect((await read(replica, lease.run_id)).status).toBe(200);
});

interface Frame {
  readonly id: string;
  readonly event: string;
  readonly data: { seq?: number; text?: string; state?: string };
}

/** Reads frames; `cut` breaks the connection after so many bytes. Null: 204. */
function open(url: string, lastId: string, cut: number): Promise<Frame[] | null> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer read',
      ...(lastId === '' ? {} : { 'last-event-id': lastId }),
    };
    const request = get(url, { headers, agent: false }, (answer: IncomingMessage) => {
      if (answer.statusCode === 204) return resolve(null);
      if (answer.statusCode !== 200) return reject(new Error(`answered ${answer.statusCode}`));
      let text = '';
      let left = cut;
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk.slice(0, left);
        left -= chunk.length;
        if (left <= 0) request.destroy();
      });
      answer.on('close', () => resolve(framesOf(text)));
      answer.on('error', () => undefined);
    });
    request.on('error', () => resolve([]));
  });
}

/** Only whole frames count, as a client has it. */
function framesOf(text: string): Frame[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((frame) => frame.startsWith('id: '))
    .map((frame) => {
      const field = (name: string): string =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
      return {
        id: field('id'),
        event: field('event'),
        data: JSON.parse(field('data')) as Frame['data'],
      };
    });
}

test('a stream that is broken off anywhere, at any replica, misses and repeats nothing (N2)', async ({
  replicaWith,
}) => {
  const key = createSecretKey(randomBytes(32));
  const settings = { ...fast, eventKeepAliveMs: 50, eventStreamMs: 400 };
  const replicas = [replicaWith({ settings, key }), replicaWith({ settings, key })] as const;
  const urls = await Promise.all(
    replicas.map(({ app }) => app.listen({ host: '127.0.0.1', port: 0 })),
  );
  const cuts = fc.infiniteStream(fc.integer({ min: 0, max: 900 }));
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 1, max: 25 }), async (cutAt, count) => {
      const run = await running(replicas[0]);
      const { run_id: id, epoch } = run.lease;
      const told = (async () => {
        for (let first = 1; first <= count; first += 3) {
          const events = lines(first, Math.min(3, count - first + 1));
          const by = replicas[first % 2] as FleetFixture;
          // The answer is lost, and the batch is sent again.
          await Promise.all([say(by, run, { first, events }), say(by, run, { first, events })]);
        }
        await replicas[0].report(run.worker, { run_id: id, epoch, status: 'completed' });
      })();
      const seen: Frame[] = [];
      for (let turn = 0; seen.at(-1)?.event !== 'end'; turn += 1) {
        const url = `${urls[turn % 2]}/api/v1/runs/${id}/events/stream`;
        const cut = turn < 6 ? (cutAt.next().value as number) : Number.POSITIVE_INFINITY;
        seen.push(...((await open(url, seen.at(-1)?.id ?? '', cut)) ?? []));
      }
      await told;
      const said = seen.filter(({ event }) => event === 'log').map(({ data }) => data.text);
      expect(said).toEqual(Array.from({ length: count }, (_, at) => `line ${at + 1}`));
      expect(seen.at(-1)).toMatchObject({ id: `${count}-end`, data: { state: 'completed' } });
      const after = `${urls[0]}/api/v1/runs/${id}/events/stream`;
      expect(await open(after, `${count}-end`, Number.POSITIVE_INFINITY)).toBeNull();
    }),
    { numRuns: 12, interruptAfterTimeLimit: 15_000, markInterruptAsFailure: false },
  );
}, 40_000);

test('a stream ends when its server drains, and goes on at another', async ({ replicaWith }) => {
  const key = createSecretKey(randomBytes(32));
  const [here, there] = [
    replicaWith({ settings: fast, key }),
    replicaWith({ settings: fast, key }),
  ];
  const run = await running(here);
  const path = `/api/v1/runs/${run.lease.run_id}/events/stream`;
  await say(here, run, { first: 1, events: lines(1, 1) });
  const url = await here.app.listen({ host: '127.0.0.1', port: 0 });
  const stream = open(`${url}${path}`, '', Number.POSITIVE_INFINITY);
  while (here.app.inFlight() === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await here.app.drain(5_000)).toEqual({ kind: 'drained' });
  expect((await stream)?.map(({ event }) => event)).toEqual(['log']);
  const other = await there.app.listen({ host: '127.0.0.1', port: 0 });
  await there.report(run.worker, { run_id: run.lease.run_id, epoch: run.lease.epoch });
  expect(await open(`${other}${path}`, '1', Number.POSITIVE_INFINITY)).toMatchObject([
    { event: 'end', id: '1-end' },
  ]);
});
