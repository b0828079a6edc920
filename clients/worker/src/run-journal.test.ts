import { createClient } from '@sagewai/sdk';
import { createNodeSend } from '@sagewai/sdk/node';
import { scriptedServer } from '@sagewai/testing/scripted-server';
import { expect, test } from 'vitest';

import { createRedactor } from './credentials/redact.ts';
import { redactShapes } from './redact-shapes.ts';
import { createRunJournal, type RunJournal } from './run-journal.ts';

const RUN = '0199aaaa-0000-7000-8000-000000000001';
type Server = Awaited<ReturnType<typeof scriptedServer>>;
interface Body {
  readonly first: number;
  readonly events: readonly { text?: string; fraction?: number; kind: string; data?: unknown }[];
}

function journalOf(server: Server): RunJournal {
  return createRunJournal({
    client: createClient({ url: server.url, send: createNodeSend(), token: 'wrt-1.x' }),
    lease: { runId: RUN, epoch: 7 },
    redact: (text) => redactShapes(createRedactor(['my-provider-key'])(text)),
    gatherMs: 1,
  });
}

const bodies = (server: Server): Body[] =>
  server.asked('fleet.appendRunEvents').map(({ body }) => body as Body);

const taken = ({ body }: { body: unknown }): { json: object } => {
  const { first, events } = body as Body;
  return { json: { kept: events.length, left_out: 0, next: first + events.length } };
};

test('what is said arrives in order, without secrets, under the lease', async () => {
  const server = await scriptedServer();
  server.on('fleet.appendRunEvents', taken);
  const journal = journalOf(server);
  journal.log('key my-provider-key');
  journal.log('careful', 'warn');
  journal.progress(7, 'most');
  journal.emit('found', { token: 'sk-0123456789' });
  await journal.close(5_000);
  expect(bodies(server).flatMap(({ events }) => events)).toEqual([
    { kind: 'log', level: 'info', text: 'key [redacted]' },
    { kind: 'log', level: 'warn', text: 'careful' },
    { kind: 'progress', fraction: 1, text: 'most' },
    { kind: 'custom', text: 'found', data: { token: '[redacted]' } },
  ]);
  expect(bodies(server)[0]).toMatchObject({ epoch: 7, first: 1 });
});

test('a batch without an answer is sent again under its numbers', async () => {
  const server = await scriptedServer();
  server.on('fleet.appendRunEvents', (request, nth) => (nth === 1 ? 'hang up' : taken(request)));
  const journal = journalOf(server);
  journal.log('one');
  await server.reached('fleet.appendRunEvents', 1);
  journal.log('two');
  await server.reached('fleet.appendRunEvents', 2);
  await journal.close(5_000);
  const sent = bodies(server);
  expect(sent.slice(0, 2).map(({ first }) => first)).toEqual([1, 1]);
  const numbered = sent
    .slice(1)
    .flatMap(({ first, events }) => events.map(({ text }, at) => `${first + at} ${text}`));
  expect(numbered).toEqual(['1 one', '2 two']);
});

test('a lost lease ends it in silence', async () => {
  const server = await scriptedServer();
  server.on('fleet.appendRunEvents', () => ({ status: 409, json: { code: 'lease.lost' } }));
  const journal = journalOf(server);
  journal.log('one');
  await server.reached('fleet.appendRunEvents', 1);
  await journal.close(5_000);
  journal.log('two');
  await journal.close(5_000);
  expect(bodies(server)).toHaveLength(1);
});

test('what there is no room for is a gap in the numbers', async () => {
  const server = await scriptedServer();
  const answer = Promise.withResolvers<void>();
  server.on('fleet.appendRunEvents', async (request, nth) => {
    if (nth === 1) await answer.promise;
    return taken(request);
  });
  const journal = journalOf(server);
  journal.log('first');
  await server.reached('fleet.appendRunEvents', 1);
  for (let n = 1; n <= 2_500; n += 1) journal.log(`line ${n}`);
  answer.resolve();
  await journal.close(10_000);
  const [, second] = bodies(server);
  // Of 2,501 there is room for 2,000: the first has been sent, 500 have not.
  expect(second).toMatchObject({ first: 502 });
  expect(second?.events[0]?.text).toBe('line 501');
  const last = bodies(server).at(-1);
  expect((last?.first ?? 0) + (last?.events.length ?? 0)).toBe(2_502);
});

test('what cannot be taken holds up nothing behind it, nor does a server that is away', async () => {
  const server = await scriptedServer();
  server.on('fleet.appendRunEvents', (request, nth) =>
    nth === 1 ? { status: 413, json: { code: 'request.too_large' } } : taken(request),
  );
  const journal = journalOf(server);
  journal.emit('big', 'x');
  await server.reached('fleet.appendRunEvents', 1);
  journal.log('small');
  await journal.close(5_000);
  expect(bodies(server)[1]).toMatchObject({ first: 2, events: [{ text: 'small' }] });
  await server.stop();
  const other = journalOf(server);
  other.log('nobody hears this');
  const startedAt = performance.now();
  await other.close(50);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
