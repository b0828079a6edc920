import { createClient } from '@sagewai/sdk';
import { scriptedServer, type ScriptedServer } from '@sagewai/testing/scripted-server';
import { expect, onTestFinished, test } from 'vitest';

import type { Refusal } from './heartbeat.ts';
import { createOutbox, type Outbox, type Report } from './outbox.ts';

const report = (n: number, output: unknown = n): Report => ({
  run_id: `0199aaaa-0000-7000-8000-00000000000${n}`,
  epoch: n,
  status: 'completed',
  output,
});

interface Opened {
  readonly outbox: Outbox;
  readonly lines: readonly string[];
  readonly refused: Promise<Refusal>;
}

function open({ url }: ScriptedServer): Opened {
  const over = new AbortController();
  onTestFinished(() => over.abort(new Error('over')));
  const lines: string[] = [];
  const log = {
    note: (text: string) => void lines.push(text),
    warn: (text: string) => void lines.push(text),
  };
  const refused = Promise.withResolvers<Refusal>();
  const outbox = createOutbox({
    client: createClient({ url }),
    log,
    over: over.signal,
    onRefused: refused.resolve,
    onTaken: () => undefined,
  });
  return { outbox, lines, refused: refused.promise };
}

type Batch = { reports: Report[] };
const taken = ({ reports }: Batch, status: 'ok' | 'lost' = 'ok'): object => ({
  results: reports.map(({ run_id }) => ({ run_id, status, requeued: false, repeated: false })),
});

test('a report whose answer was lost is sent again, with what came meanwhile (O1)', async () => {
  const server = await scriptedServer();
  const { outbox } = open(server);
  server.on('fleet.reportRuns', ({ body }, nth) =>
    nth === 1 ? 'hang up' : { json: taken(body as Batch) },
  );
  outbox.put(report(1));
  await server.reached('fleet.reportRuns');
  outbox.put(report(2));
  expect(await outbox.drained(5_000)).toBe(0);
  const last = server.asked('fleet.reportRuns').at(-1);
  expect(last?.body).toEqual({ reports: [report(1), report(2)] });
});

test('a report that is put when all has been sent is sent as well', async () => {
  const server = await scriptedServer();
  const { outbox } = open(server);
  server.on('fleet.reportRuns', ({ body }) => ({ json: taken(body as Batch) }));
  for (const n of [1, 2, 3]) {
    outbox.put(report(n));
    expect(await outbox.drained(5_000)).toBe(0);
  }
  expect(server.asked('fleet.reportRuns')).toHaveLength(3);
});

test.each([400, 413, 422])(
  'a report that is refused with %i holds up no other, and its run ends as failed (O2)',
  async (status) => {
    const server = await scriptedServer();
    const { outbox } = open(server);
    const accepted: Report[] = [];
    const gate = Promise.withResolvers<void>();
    server.on('fleet.reportRuns', async ({ body }, nth) => {
      if (nth === 1) {
        await gate.promise;
        return 'hang up';
      }
      const batch = body as Batch;
      const isPoisoned = batch.reports.some(({ output }) => output === 'poison');
      if (isPoisoned) return { status, json: { code: 'request.invalid', detail: 'too much' } };
      accepted.push(...batch.reports);
      return { json: taken(batch) };
    });
    outbox.put(report(1));
    await server.reached('fleet.reportRuns');
    for (const one of [report(2), report(3, 'poison'), report(4), report(5)]) outbox.put(one);
    gate.resolve();
    expect(await outbox.drained(5_000)).toBe(0);
    const { run_id, epoch } = report(3);
    const error = 'its report could not be taken: too much';
    expect(accepted.toSorted((a, b) => a.epoch - b.epoch)).toEqual([
      report(1),
      report(2),
      { run_id, epoch, status: 'failed', error },
      report(4),
      report(5),
    ]);
  },
);

test('an output that is no JSON ends its run as failed (O2)', async () => {
  const server = await scriptedServer();
  const { outbox } = open(server);
  server.on('fleet.reportRuns', ({ body }) => ({ json: taken(body as Batch) }));
  outbox.put(report(1, 1n));
  expect(await outbox.drained(5_000)).toBe(0);
  const [sent] = server.asked('fleet.reportRuns');
  expect(sent?.body).toMatchObject({ reports: [{ epoch: 1, status: 'failed' }] });
});

test('a report that cannot be taken in any form is given up, and told', async () => {
  const server = await scriptedServer();
  const { outbox, lines } = open(server);
  server.on('fleet.reportRuns', () => ({ status: 400, json: { detail: 'never' } }));
  outbox.put(report(1));
  expect(await outbox.drained(5_000)).toBe(0);
  expect(lines).toEqual([`the report of run ${report(1).run_id} was refused: never`]);
});

test('what is no longer ours is told once and not sent again', async () => {
  const server = await scriptedServer();
  const { outbox, lines } = open(server);
  server.on('fleet.reportRuns', ({ body }) => ({ json: taken(body as Batch, 'lost') }));
  outbox.put(report(1));
  expect(await outbox.drained(5_000)).toBe(0);
  expect(lines).toEqual([
    '1 reports came too late, and changed nothing: those runs go on elsewhere',
  ]);
});

test('a refusal of the session is told, not repeated', async () => {
  const server = await scriptedServer();
  const { outbox, refused } = open(server);
  const json = { code: 'worker_session.replaced', detail: 'replaced' };
  server.on('fleet.reportRuns', () => ({ status: 409, json }));
  outbox.put(report(1));
  expect(await refused).toMatchObject({ status: 409, code: 'worker_session.replaced' });
  expect(server.asked('fleet.reportRuns')).toHaveLength(1);
});

test('a drain says how many are left when the server does not come back', async () => {
  const server = await scriptedServer();
  const { outbox } = open(server);
  server.on('fleet.reportRuns', () => 'hang up');
  outbox.put(report(1));
  outbox.put(report(2));
  expect(await outbox.drained(50)).toBe(2);
});
