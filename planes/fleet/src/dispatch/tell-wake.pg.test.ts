import { createSecretKey } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { type Accelerator, openRedis } from '@sagewai/redis';
import { createMetrics } from '@sagewai/telemetry';
import { hasRedis, startRedis } from '@sagewai/testing/redis-server';
import { expect, onTestFinished, vi } from 'vitest';

import type { FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const key = createSecretKey(Buffer.alloc(32, 7));
const PATIENCE = { timeout: 15_000, interval: 10 };

function open(url: string): { redis: Accelerator; isUp: () => Promise<boolean> } {
  const metrics = createMetrics();
  const redis = openRedis({ url, prefix: 'test:', log: silentLog, metrics, retryDelayMsMax: 60 });
  onTestFinished(() => redis.close());
  return { redis, isUp: async () => (await metrics.render()).includes('sagewai_redis_up 1') };
}

/** How many runs reached a worker that waits at `there`, submitted at `here`: no sweep helps. */
async function pass(here: FleetFixture, there: FleetFixture): Promise<void> {
  const worker = await there.worker();
  const waiting = there.claim(worker, { slots: 1, poll_timeout: 30 });
  const run = await here.submit();
  const [lease] = await waiting;
  expect(lease?.run_id).toBe(run);
}

const notifies = async ({ metrics }: FleetFixture): Promise<number> =>
  Number(/^sagewai_fleet_wakes_total (\d+)/m.exec(await metrics.render())?.[1] ?? 0);

test.skipIf(!hasRedis())(
  'replicas wake each other by Redis alone, and by the database while Redis is away',
  async ({ replicaWith, url }) => {
    const server = await startRedis();
    onTestFinished(() => server.kill());
    const [one, other] = [open(server.url), open(server.url)];
    const here = replicaWith({ key, redis: one.redis, listenUrl: url });
    const there = replicaWith({ key, redis: other.redis, listenUrl: url });
    const deaf = replicaWith({ key, redis: other.redis });
    await vi.waitFor(
      async () => expect([await one.isUp(), await other.isUp()]).toEqual([true, true]),
      PATIENCE,
    );

    await pass(here, there);
    await pass(here, deaf);
    expect(await notifies(here)).toBe(0);

    await server.kill();
    await vi.waitFor(async () => expect(await one.isUp()).toBe(false), PATIENCE);
    await pass(here, there);
    await vi.waitFor(async () => expect(await notifies(here)).toBeGreaterThan(0), PATIENCE);

    await server.start();
    await vi.waitFor(
      async () => expect([await one.isUp(), await other.isUp()]).toEqual([true, true]),
      PATIENCE,
    );
    const before = await notifies(here);
    await vi.waitFor(
      async () => expect(await one.redis.publish('fleet_wake', 'nobody')).toBe(2),
      PATIENCE,
    );
    await pass(here, there);
    expect(await notifies(here)).toBe(before);
  },
);
