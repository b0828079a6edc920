import type { Socket } from 'node:net';

import { describe, expect } from 'vitest';

import { openReservations, spendOf } from '../fixture.sql.ts';
import { deploymentAt, FAST_ROUTING, type RunningGateway } from '../gateway-fixture.ts';
import { fileWorldTest } from './file-world-fixture.ts';
import { type RawUpstream, startRawUpstream } from './raw-upstream-fixture.ts';

const IDLE_MS = 300;

const test = fileWorldTest.extend<{ upstream: RawUpstream; gateway: RunningGateway }>({
  upstream: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
    async ({}, use) => {
      const upstream = await startRawUpstream();
      await use(upstream);
      await upstream.close();
    },
    { scope: 'file' },
  ],
  gateway: [
    async ({ start, upstream }, use) => {
      const retry = { ...FAST_ROUTING.retry, retries: 0 };
      await use(
        await start({
          deployments: [deploymentAt(upstream.url)],
          timeouts: { connectMs: 500, firstByteMs: IDLE_MS, idleMs: IDLE_MS, clientStallMs: 1_000 },
          routing: { ...FAST_ROUTING, retry, cooldownMs: 0 },
        }),
      );
    },
    { scope: 'file' },
  ],
});

const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const ANSWER = JSON.stringify({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});
const CHUNK = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: null }] })}\n\n`;
const OK = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const STREAM =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const inChunks = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const say =
  (bytes: string, then: (socket: Socket) => void = () => {}) =>
  (socket: Socket): void =>
    void socket.write(bytes, 'latin1', () => then(socket));
const end = (socket: Socket): void => void socket.end();
const destroy = (socket: Socket): void => void socket.destroy();
const reset = (socket: Socket): void => void socket.resetAndDestroy();

interface Fault {
  readonly what: string;
  readonly answer: (socket: Socket) => void;
  readonly status: number;
}

/** Of a whole answer: what the provider does, and what its caller gets. */
const WHOLE: readonly Fault[] = [
  { what: 'is silent', answer: () => {}, status: 504 },
  { what: 'says half a head and no more', answer: say('HTTP/1.1 200 OK\r\ncontent-'), status: 504 },
  { what: 'says a head and no more', answer: say(`${OK}content-length: 10\r\n\r\n`), status: 504 },
  { what: 'closes its half without a word', answer: end, status: 502 },
  { what: 'resets the connection', answer: reset, status: 502 },
  { what: 'dies within its head', answer: say('HTTP/1.1 200 O', destroy), status: 502 },
  {
    what: 'dies within its body',
    answer: say(`${OK}content-length: 9999\r\n\r\n${ANSWER}`, destroy),
    status: 502,
  },
  {
    what: 'closes its half within its body',
    answer: say(`${OK}content-length: 9999\r\n\r\n${ANSWER}`, end),
    status: 502,
  },
  {
    what: 'leaves the last chunk out',
    answer: say(`${OK}transfer-encoding: chunked\r\n\r\n${inChunks(ANSWER)}`, end),
    status: 502,
  },
  { what: 'speaks another protocol', answer: say('220 smtp ready\r\n', end), status: 502 },
  { what: 'sends noise', answer: say('\x16\x03\x01\xff\x00\x00\r\n\r\n', end), status: 502 },
  {
    what: 'has a head without end',
    answer: say(`${OK}x: ${'x'.repeat(200_000)}\r\ncontent-length: 2\r\n\r\n{}`, end),
    status: 502,
  },
  {
    what: 'has two lengths',
    answer: say(`${OK}content-length: 2\r\ncontent-length: 300\r\n\r\n{}`, end),
    status: 502,
  },
  {
    what: 'has a length and chunks',
    answer: say(`${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, end),
    status: 502,
  },
  {
    what: 'has chunks of no size',
    answer: say(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`, end),
    status: 502,
  },
  {
    what: 'has a header with a NUL',
    answer: say(`${OK}x: a\0b\r\ncontent-length: 2\r\n\r\n{}`, end),
    status: 502,
  },
  {
    what: 'answers what is not UTF-8',
    answer: say(`${OK}content-length: 4\r\n\r\n{"\xff\xfe`, end),
    status: 502,
  },
  {
    what: 'answers nothing',
    answer: say(`${OK}content-length: 0\r\n\r\n`, end),
    status: 502,
  },
  {
    what: 'answers half of a JSON object',
    answer: say(`${OK}content-length: 20\r\n\r\n${ANSWER.slice(0, 20)}`, end),
    status: 502,
  },
  {
    what: 'answers a list of 100,000 lists',
    answer: say(
      `${OK}content-length: 40000\r\n\r\n${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      end,
    ),
    status: 502,
  },
  {
    what: 'answers without end',
    answer: say(`${OK}transfer-encoding: chunked\r\n\r\n${inChunks('x'.repeat(70_000)).repeat(3)}`),
    status: 502,
  },
  {
    what: 'answers in a coding that nobody asked for',
    answer: say(`${OK}content-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}`, end),
    status: 502,
  },
];

/** Of a stream that has begun: the caller gets what came, and an error event. */
const BEGUN: readonly Omit<Fault, 'status'>[] = [
  { what: 'falls silent', answer: say(STREAM + inChunks(CHUNK)) },
  { what: 'is reset', answer: say(STREAM + inChunks(CHUNK), reset) },
  { what: 'has a chunk of no size', answer: say(`${STREAM}${inChunks(CHUNK)}zz\r\n`) },
  {
    what: 'has an event without end',
    answer: say(STREAM + inChunks(CHUNK) + inChunks(`data: ${'x'.repeat(70_000)}`).repeat(2)),
  },
  {
    what: 'closes its half within a chunk',
    answer: say(`${STREAM}${inChunks(CHUNK)}fff\r\nda`, end),
  },
];

async function seenAfter(
  {
    gateway,
    key,
    owner,
  }: { gateway: RunningGateway; key: string; owner: Parameters<typeof spendOf>[0] },
  body: object,
) {
  const before = (await spendOf(owner)).length;
  const answer = await gateway.chat(key, body);
  const text = await answer.text();
  const spent = (await spendOf(owner)).slice(before);
  return { answer, text, spent, open: await openReservations(owner) };
}

describe('a provider that, for a whole answer,', () => {
  test.for(WHOLE)(
    '$what is a $status, and its call is settled (M3)',
    async (fault, { upstream, gateway, key, owner }) => {
      upstream.answer = fault.answer;
      const { answer, text, spent, open } = await seenAfter({ gateway, key, owner }, ask);
      expect([answer.status, text]).toEqual([fault.status, expect.stringContaining('"error"')]);
      expect(JSON.parse(text)).toMatchObject({ error: { message: expect.any(String) } });
      expect(spent).toMatchObject([{ status: 'error', source: 'estimate' }]);
      expect(open).toBe(0);
    },
  );

  test('answers a byte at a time is read to its end', async ({ upstream, gateway, key, owner }) => {
    upstream.answer = (socket) => {
      const bytes = Buffer.from(`${OK}content-length: ${ANSWER.length}\r\n\r\n${ANSWER}`);
      let at = 0;
      const next = (): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
      };
      socket.setNoDelay();
      next();
    };
    const { answer, text, spent } = await seenAfter({ gateway, key, owner }, ask);
    expect([answer.status, text]).toEqual([200, ANSWER]);
    expect(spent).toMatchObject([{ status: 'ok', source: 'provider' }]);
  });
});

describe('a provider whose stream', () => {
  test.for(BEGUN)(
    '$what ends with an error event, and is booked (M3, R2)',
    async (fault, { upstream, gateway, key, owner }) => {
      upstream.answer = fault.answer;
      const asked = upstream.asked;
      const { answer, text, spent, open } = await seenAfter(
        { gateway, key, owner },
        { ...ask, stream: true },
      );
      expect(answer.status).toBe(200);
      expect(text).toContain(CHUNK);
      expect(text).not.toContain('[DONE]');
      const events = text.trim().split('\n\n');
      expect(JSON.parse(events.at(-1)?.slice(6) ?? '')).toMatchObject({
        error: { message: expect.any(String) },
      });
      expect(spent).toMatchObject([{ status: 'error', source: 'estimate' }]);
      expect([open, upstream.asked]).toEqual([0, asked + 1]);
    },
  );
});
