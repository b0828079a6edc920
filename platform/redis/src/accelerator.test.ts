import { silentLog } from '@sagewai/log';
import { createMetrics } from '@sagewai/telemetry';
import { hasRedis, type RedisServer, startRedis } from '@sagewai/testing/redis-server';
import { afterEach, expect, test, vi } from 'vitest';

import { type Accelerator, openRedis } from './accelerator.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function redis(): Promise<RedisServer> {
  const server = await startRedis();
  ends.push(() => server.kill());
  return server;
}

function open(url: string, of: { prefix?: string; pingEveryMs?: number } = {}): Accelerator {
  const opened = openRedis({
    url,
    prefix: of.prefix ?? 'one:',
    log: silentLog,
    metrics: createMetrics(),
    retryDelayMsMax: 60,
    ...(of.pingEveryMs === undefined ? {} : { pingEveryMs: of.pingEveryMs }),
  });
  ends.push(() => opened.close());
  return opened;
}

interface Heard {
  readonly messages: string[];
  connections: number;
}

function hear(accelerator: Accelerator, channel = 'wake'): Heard {
  const heard: Heard = { messages: [], connections: 0 };
  accelerator.subscribe({
    channel,
    onMessage: (payload) => heard.messages.push(payload),
    onReconnect: () => (heard.connections += 1),
  });
  return heard;
}

test('there is a Redis to test with where everything must be there', () => {
  expect(hasRedis() || process.env['REQUIRE_ALL'] !== '1').toBe(true);
});

const PATIENCE = { timeout: 15_000, interval: 10 };

test.skipIf(!hasRedis())('a message is heard by all who listen, and says how many', async () => {
  const { url } = await redis();
  const [one, other] = [open(url), open(url)];
  const heard = [hear(one), hear(other)];
  await vi.waitFor(() => expect(heard.map(({ connections }) => connections)).toEqual([1, 1]));
  await vi.waitFor(async () => expect(await one.publish('wake', 'up')).toBe(2), PATIENCE);
  await vi.waitFor(() => expect(heard[1]?.messages).toContain('up'), PATIENCE);
});

test.skipIf(!hasRedis())(
  'installations that share a Redis do not hear or read each other',
  async () => {
    const { url } = await redis();
    const [one, stranger] = [open(url), open(url, { prefix: 'two:' })];
    const heard = hear(stranger);
    await vi.waitFor(() => expect(heard.connections).toBe(1), PATIENCE);
    await vi.waitFor(async () =>
      expect(await one.set('k', Buffer.from([0, 255]), 60_000)).toBe(true),
    );
    expect(await one.publish('wake', 'up')).toBe(0);
    expect(await one.get('k')).toEqual(Buffer.from([0, 255]));
    expect(await stranger.get('k')).toBeNull();
    expect(heard.messages).toEqual([]);
  },
);

test.skipIf(!hasRedis())('what is kept is gone when its time is up', async () => {
  const { url } = await redis();
  const one = open(url);
  await vi.waitFor(async () => expect(await one.set('k', Buffer.from('v'), 30)).toBe(true));
  await vi.waitFor(async () => expect(await one.get('k')).toBeNull(), PATIENCE);
});

test('nothing waits for a Redis that is not there, and nothing throws (R1)', async () => {
  const one = open('redis://127.0.0.1:1');
  hear(one);
  expect(await one.publish('wake', 'up')).toBe(0);
  expect(await one.get('k')).toBeNull();
  expect(await one.set('k', Buffer.from('v'), 1_000)).toBe(false);
});

test.skipIf(!hasRedis())(
  'after a Redis was killed it is heard again, and who listens is told (R2)',
  async () => {
    const server = await redis();
    const one = open(server.url);
    const heard = hear(one);
    await vi.waitFor(() => expect(heard.connections).toBe(1), PATIENCE);
    await server.kill();
    await vi.waitFor(async () => expect(await one.publish('wake', 'lost')).toBe(0), PATIENCE);
    await server.start();
    await vi.waitFor(() => expect(heard.connections).toBe(2), PATIENCE);
    await vi.waitFor(async () => expect(await one.publish('wake', 'found')).toBe(1), PATIENCE);
    await vi.waitFor(() => expect(heard.messages).toContain('found'), PATIENCE);
    expect(heard.messages).not.toContain('lost');
  },
);

test.skipIf(!hasRedis())(
  'a Redis that says nothing any more is given up, and found again (R1, R3)',
  async () => {
    const server = await redis();
    const one = open(server.url, { pingEveryMs: 50 });
    const heard = hear(one);
    await vi.waitFor(() => expect(heard.connections).toBe(1), PATIENCE);
    process.kill(server.pid, 'SIGSTOP');
    try {
      expect(await one.get('k')).toBeNull();
      await vi.waitFor(async () => expect(await one.publish('wake', 'up')).toBe(0), PATIENCE);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await vi.waitFor(() => expect(heard.connections).toBeGreaterThan(1), PATIENCE);
  },
);
