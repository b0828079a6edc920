import { connect, type Socket } from 'node:net';

import { endpoint } from '@sagewai/wire';
import { Type } from 'typebox';
import { afterEach, describe, expect, test } from 'vitest';

import { createFixture, type Fixture } from './app-fixture.ts';
import type { App } from './app.ts';
import type { RequestHead } from './request-head.ts';
import { implementOwn, implementStream, type Route } from './route.ts';
import type { HttpSettings } from './settings.ts';

const wait = endpoint({
  id: 'things.wait',
  method: 'POST',
  path: '/wait',
  surface: 'own',
  summary: 'Waits',
  permission: 'run:submit',
  audit: 'read',
  body: Type.Object({ text: Type.Optional(Type.String()) }),
  output: Type.Object({ ip: Type.String() }),
});

const health = endpoint({
  id: 'things.health',
  method: 'GET',
  path: '/health',
  surface: 'own',
  summary: 'Lives',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({ ok: Type.Boolean() }),
});

const healthy = implementOwn(health, async () => ({ ok: true }));

/** A handler that stands still until the test lets it go. */
function standing(): { route: Route; entered: Promise<RequestHead>; release: () => void } {
  const entered = Promise.withResolvers<RequestHead>();
  const released = Promise.withResolvers<void>();
  const route = implementOwn(wait, async ({ request }) => {
    entered.resolve(request);
    await released.promise;
    return { ip: request.ip };
  });
  return { route, entered: entered.promise, release: released.resolve };
}

function standingStream(): ReturnType<typeof standing> {
  const entered = Promise.withResolvers<RequestHead>();
  const released = Promise.withResolvers<void>();
  const route = implementStream(wait, async ({ request, reply }) => {
    entered.resolve(request);
    await released.promise;
    reply.end('{}');
  });
  return { route, entered: entered.promise, release: released.resolve };
}

const immediate = implementOwn(wait, async ({ request }) => ({ ip: request.ip }));

const open: App[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function listen(
  routes: readonly Route[],
  settings: Partial<HttpSettings> = {},
): Promise<Fixture & { url: string; port: number }> {
  const fixture = createFixture(routes, { settings });
  open.push(fixture.app);
  const url = await fixture.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...fixture, url, port: Number(new URL(url).port) };
}

test('says that it listens on every address where it was asked to', async () => {
  const { app } = createFixture([immediate], { settings: {} });
  open.push(app);
  expect(await app.listen({ host: '0.0.0.0', port: 0 })).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
});

/** Sends bytes and reads until the other side closes. */
function exchangeBytes(port: number, bytes: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('close', () => resolve(text));
  socket.on('error', reject);
  return promise;
}

const HEADERS = { authorization: 'Bearer write', 'content-type': 'application/json' };

const post = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/wait`, { method: 'POST', body: '{}', headers: HEADERS, ...init });

/** What becomes of a request that nobody will answer. */
const fateOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: Error) => error.message,
  );

describe('broken HTTP is refused', () => {
  const head = 'POST /wait HTTP/1.1\r\nhost: x\r\nauthorization: Bearer write\r\n';
  test.each([
    ['that is none', 'nonsense\r\n\r\n', 400, 'request.malformed'],
    [
      'with two lengths (request smuggling)',
      `${head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'request.malformed',
    ],
    ['with a header bomb', `${head}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'request.overlong'],
  ])('%s', async (_what, bytes, status, code) => {
    const { port, counted } = await listen([immediate]);
    const answer = await exchangeBytes(port, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code, status });
    expect(await counted()).toEqual(['requests none 4xx 1']);
  });
});

describe('a body', () => {
  test('above the limit is refused before it is read, and the answer can be read', async () => {
    const { url } = await listen([immediate], { bodyBytesMax: 1000 });
    const answer = await post(url, { body: JSON.stringify({ text: 'x'.repeat(5_000_000) }) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'request.too_large' });
  });

  test.each(['own', 'stream'])('without a length is refused at the limit (%s)', async (kind) => {
    const streamed = implementStream(wait, async ({ reply }) => void reply.end('{}'));
    const { url } = await listen([kind === 'own' ? immediate : streamed], { bodyBytesMax: 1000 });
    const body = new ReadableStream({
      start: (controller) => {
        for (let n = 0; n < 100; n++) controller.enqueue(new Uint8Array(100).fill(0x20));
        controller.close();
      },
    });
    const answer = await post(url, { body, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(413);
  });

  test.each(['own', 'stream'])(
    'that announces too much is refused before it comes (%s)',
    async (kind) => {
      const streamed = implementStream(wait, async ({ reply }) => void reply.end('{}'));
      const { port } = await listen([kind === 'own' ? immediate : streamed]);
      const answer = await exchangeBytes(
        port,
        'POST /wait HTTP/1.1\r\nhost: x\r\nauthorization: Bearer write\r\nconnection: close\r\n' +
          'content-type: application/json\r\ncontent-length: 99999999\r\n\r\n',
      );
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    },
  );

  test('may be larger where its endpoint says so', async () => {
    const large = { ...wait, bodyBytesMax: 10_000 };
    const { url } = await listen([implementOwn(large, async () => ({ ip: '' }))], {
      bodyBytesMax: 100,
    });
    const answer = await post(url, { body: JSON.stringify({ text: 'x'.repeat(5000) }) });
    expect(answer.status).toBe(200);
  });
});

describe('the address of the caller', () => {
  const forwarded = { headers: { ...HEADERS, 'x-forwarded-for': '203.0.113.9' } };

  test('is the socket’s, whatever the caller says', async () => {
    const { url } = await listen([immediate]);
    expect(await (await post(url, forwarded)).json()).toEqual({ ip: '127.0.0.1' });
  });

  test('is what a trusted proxy says', async () => {
    const { url } = await listen([immediate], { trustedProxies: ['127.0.0.0/8'] });
    expect(await (await post(url, forwarded)).json()).toEqual({ ip: '203.0.113.9' });
  });
});

describe('a caller who leaves', () => {
  test('aborts the signal of its request', async () => {
    const { route, entered, release } = standing();
    const { url, counted } = await listen([route]);
    const leaving = new AbortController();
    const fate = fateOf(post(url, { signal: leaving.signal }));
    const request = await entered;
    expect(request.signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => request.signal.addEventListener('abort', resolve));
    leaving.abort();
    await aborted;
    expect(await fate).toMatch('aborted');
    expect(await counted()).toEqual(['requests things.wait gone 1']);
    release();
  });

  test('aborts a signal that is asked for only afterwards', async () => {
    const { route, entered, release } = standing();
    const { port } = await listen([route]);
    const bytes =
      'POST /wait HTTP/1.1\r\nhost: x\r\nauthorization: Bearer write\r\n' +
      'content-type: application/json\r\ncontent-length: 2\r\n\r\n{}';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const request = await entered;
    const { reply } = request as unknown as { reply: NodeJS.EventEmitter };
    const closed = new Promise((resolve) => reply.once('close', resolve));
    socket.destroy();
    await closed;
    expect(request.signal.aborted).toBe(true);
    release();
  });

  test('in the middle of its body is no fault of the database or ours', async () => {
    const { app, port, counted, logged } = await listen([immediate, healthy]);
    const head =
      'POST /wait HTTP/1.1\r\nhost: x\r\nauthorization: Bearer write\r\n' +
      'content-type: application/json\r\ncontent-length: 20\r\n\r\n{"te';
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(head));
    await expect.poll(() => app.inFlight()).toBe(1);
    socket.destroy();
    await expect.poll(() => app.inFlight()).toBe(0);
    expect(await counted()).toEqual(['requests things.wait gone 1']);
    expect(logged).toEqual([]);
  });
});

describe('draining', () => {
  test('refuses what is new, answers health, and waits for what is in flight (H9)', async () => {
    const { route, entered, release } = standing();
    const { app, url } = await listen([route, healthy]);
    const inFlight = post(url);
    const request = await entered;
    expect(request.draining.aborted).toBe(false);

    const drained = app.drain(60_000);
    expect(request.draining.aborted).toBe(true);
    const refused = await post(url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('connection')).toBe('close');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'service.draining' });
    expect((await fetch(`${url}/health`)).status).toBe(200);

    release();
    expect((await inFlight).headers.get('connection')).toBe('close');
    expect(await drained).toEqual({ kind: 'drained' });
  });

  test.each(['own', 'stream'])(
    'waits for what it does for a caller who has gone: that needs what is closed next (H9, %s)',
    async (kind) => {
      const { route, entered, release } = kind === 'own' ? standing() : standingStream();
      const { app, url } = await listen([route], { drainLingerMs: 0 });
      const leaving = new AbortController();
      const fate = fateOf(post(url, { signal: leaving.signal }));
      await entered;
      leaving.abort();
      expect(await fate).toMatch('aborted');
      await expect.poll(() => app.inFlight()).toBe(0);
      let isOver = false;
      const drained = app.drain(60_000).finally(() => (isOver = true));
      await fateOf(post(url));
      expect(isOver).toBe(false);
      release();
      expect(await drained).toEqual({ kind: 'drained' });
    },
  );

  test('says what it had to leave at the limit', async () => {
    const { route, entered, release } = standing();
    const { app, url } = await listen([route]);
    const fate = fateOf(post(url));
    await entered;
    expect(await app.drain(1)).toEqual({ kind: 'cut', left: 1 });
    await app.close();
    expect(await fate).toBe('fetch failed');
    release();
  });
});

describe('half an answer', () => {
  test('is broken off when its handler fails (H7)', async () => {
    const failing = implementStream(wait, async ({ reply }) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write('data: 1\n\n');
      throw new Error('upstream died');
    });
    const { url, logged } = await listen([failing]);
    const answer = await post(url);
    expect(await fateOf(answer.text())).toBe('terminated');
    expect(logged).toHaveLength(1);
  });
});
