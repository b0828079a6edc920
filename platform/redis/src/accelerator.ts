/**
 * Redis, where there is one: it makes things quicker, and nothing depends on it.
 *
 *   R1. Nothing here waits for Redis longer than `answerMs`, and nothing here throws when it is away: a
 *       message is then `not told`, and what was looked for is not there.
 *   R2. Who subscribes is called after each (re)connection: messages may have been missed.
 *   R3. A connection that says nothing is tried every `pingEveryMs`, and replaced when it does not answer.
 */
import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';
import { Redis } from 'ioredis';

export interface AcceleratorOptions {
  readonly url: string;
  /** Before each channel and key, so that installations can share one Redis. */
  readonly prefix: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly answerMs?: number;
  readonly pingEveryMs?: number;
  readonly retryDelayMsMax?: number;
}

export interface Subscription {
  readonly channel: string;
  readonly onMessage: (payload: string) => void;
  readonly onReconnect: () => void;
}

export interface Accelerator {
  /** How many have heard it, whoever sent it among them; 0: Redis is away. */
  publish(channel: string, payload: string): Promise<number>;
  subscribe(subscription: Subscription): void;
  /** Null: it is not there, or Redis is away. */
  get(key: string): Promise<Buffer | null>;
  /** False: it is not kept. */
  set(key: string, value: Buffer, ttlMs: number): Promise<boolean>;
  close(): Promise<void>;
}

const ANSWER_MS = 250;
const PING_EVERY_MS = 10_000;
const RETRY_DELAY_MS_MIN = 50;
const RETRY_DELAY_MS_MAX = 2_000;
/** Doublings after which the delay is at its longest in any case. */
const DOUBLINGS_MAX = 16;

/** Two connections: one that asks, one that listens. Both are made again for as long as it takes. */
export function openRedis(options: AcceleratorOptions): Accelerator {
  const { log, metrics, prefix } = options;
  const answerMs = options.answerMs ?? ANSWER_MS;
  const pingEveryMs = options.pingEveryMs ?? PING_EVERY_MS;
  const delayMsMax = options.retryDelayMsMax ?? RETRY_DELAY_MS_MAX;
  const connect = (name: string): Redis =>
    new Redis(options.url, {
      connectionName: name,
      connectTimeout: Math.max(answerMs, 1_000),
      commandTimeout: answerMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      retryStrategy: (times) =>
        Math.min(delayMsMax, RETRY_DELAY_MS_MIN * 2 ** Math.min(times - 1, DOUBLINGS_MAX)),
    });
  const asking = connect('sagewai');
  const hearing = connect('sagewai-subscriber');
  const subscriptions = new Set<Subscription>();
  const isUp = (): boolean => asking.status === 'ready' && hearing.status === 'ready';
  const operations = metrics.counter({
    name: 'sagewai_redis_operations_total',
    help: 'What was asked of Redis, and whether it answered in time.',
    labels: ['operation', 'outcome'],
  });
  metrics.gauge({
    name: 'sagewai_redis_up',
    help: 'Whether Redis can be asked and is heard: 1 or 0. Only where REDIS_URL is set.',
    collect: (gauge) => gauge.set({}, isUp() ? 1 : 0),
  });

  /** R1. */
  async function ask<Answer>(operation: string, of: () => Promise<Answer>): Promise<Answer | null> {
    try {
      const answer = await of();
      operations.add({ operation, outcome: 'ok' });
      return answer;
    } catch {
      operations.add({ operation, outcome: 'failed' });
      return null;
    }
  }

  /** R2. */
  async function hear(subscription: Subscription): Promise<void> {
    try {
      await hearing.subscribe(prefix + subscription.channel);
      subscription.onReconnect();
    } catch {
      // The connection has gone again; the next one subscribes.
    }
  }

  let isToldAway = false;
  for (const connection of [asking, hearing]) {
    connection.on('error', (error: Error) => {
      if (isToldAway) return;
      isToldAway = true;
      log.warn('Redis is away; everything goes on without it', { error });
    });
  }
  asking.on('ready', () => {
    if (isToldAway) log.info('Redis is there again');
    isToldAway = false;
  });
  hearing.on('ready', () => {
    for (const subscription of subscriptions) void hear(subscription);
  });
  hearing.on('message', (channel: string, payload: string) => {
    for (const subscription of subscriptions) {
      if (prefix + subscription.channel === channel) subscription.onMessage(payload);
    }
  });
  const ping = setInterval(() => {
    for (const connection of [asking, hearing]) {
      if (connection.status === 'ready') {
        connection.ping().catch(() => connection.disconnect(true)); // R3
      }
    }
  }, pingEveryMs);
  ping.unref();

  return {
    publish: async (channel, payload) =>
      (await ask('publish', () => asking.publish(prefix + channel, payload))) ?? 0,
    subscribe: (subscription) => {
      subscriptions.add(subscription);
      if (hearing.status === 'ready') void hear(subscription);
    },
    get: (key) => ask('get', () => asking.getBuffer(prefix + key)),
    set: async (key, value, ttlMs) =>
      (await ask('set', () => asking.set(prefix + key, value, 'PX', Math.ceil(ttlMs)))) === 'OK',
    close: () => {
      clearInterval(ping);
      for (const connection of [asking, hearing]) connection.disconnect();
      return Promise.resolve();
    },
  };
}
