import { createSecretKey, randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

import { type Executor, sql } from '@sagewai/postgres';
import { describe, expect, onTestFinished } from 'vitest';

import type { Answer, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { takePolls } from './polls.sql.ts';

interface Feed {
  readonly url: string;
  readonly asked: IncomingHttpHeaders[];
  items: readonly unknown[];
  status: number;
  beforeAnswer?: (() => Promise<void>) | undefined;
}

/** An address with items, on a real socket. */
async function startFeed(): Promise<Feed> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    feed.asked.push(request.headers);
    await feed.beforeAnswer?.();
    const etag = `"${JSON.stringify(feed.items).length}"`;
    const isSame = request.headers['if-none-match'] === etag;
    response.writeHead(isSame ? 304 : feed.status, { etag });
    response.end(isSame ? '' : JSON.stringify({ items: feed.items }));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/items`;
  const feed: Feed = { url, asked: [], items: [{ id: 1 }, { id: 2 }], status: 200 };
  return feed;
}

const create = (replica: FleetFixture, poller: object): Promise<Answer> =>
  replica.call('POST', '/api/v1/triggers', {
    as: 'write',
    body: {
      name: 'feed',
      kind: 'poller',
      poller: { every_seconds: 60, items: '/items', ...poller },
      secret: 'a-token-of-the-feed',
      run: { payload: { item: '{{body.id}}' } },
    },
  });

async function pollAgain(replica: FleetFixture, owner: Executor): Promise<void> {
  await sql`update trigger_due set due_at = now() - interval '1 second'`.execute(owner);
  await replica.run('fleet.poll');
}

const payloads = async (owner: Executor): Promise<unknown[]> =>
  (
    await sql<{ item: unknown }>`select payload -> 'item' as item from run order by seq`.execute(
      owner,
    )
  ).rows.map(({ item }) => item);

const read = async (replica: FleetFixture) =>
  (await replica.call('GET', '/api/v1/triggers/feed', { as: 'read' })).body;

describe('a poller', () => {
  test('starts a run an item that is new, and none of what was there at first (X1, X8)', async ({
    replica,
    owner,
  }) => {
    const feed = await startFeed();
    await create(replica, { url: feed.url });
    await replica.run('fleet.poll');
    await replica.run('fleet.poll');
    expect(feed.asked).toHaveLength(1);
    expect(await payloads(owner)).toEqual([]);
    feed.items = [{ id: 1 }, { id: 2 }, { id: 33 }];
    await pollAgain(replica, owner);
    await pollAgain(replica, owner);
    expect(await payloads(owner)).toEqual([33]);
    expect(feed.asked.at(-1)).toMatchObject({
      authorization: 'Bearer a-token-of-the-feed',
      'if-none-match': expect.any(String),
    });
    expect((await read(replica))['last_poll']).toMatchObject({ status: 304, error: null });
  });

  test('may start all that is there, and asks later and later while it fails', async ({
    replica,
    owner,
  }) => {
    const feed = await startFeed();
    await create(replica, { url: feed.url, first_poll: 'start' });
    await replica.run('fleet.poll');
    expect(await payloads(owner)).toEqual([1, 2]);
    feed.status = 500;
    feed.items = [{ id: 4444 }];
    await pollAgain(replica, owner);
    await pollAgain(replica, owner);
    const { last_poll: last } = await read(replica);
    expect(last).toMatchObject({ status: 500, error: 'it answered 500' });
    const { at, next_at: nextAt } = last as Record<string, string>;
    expect(Date.parse(nextAt ?? '') - Date.parse(at ?? '')).toBeGreaterThan(100_000);
    feed.status = 200;
    await pollAgain(replica, owner);
    expect(await payloads(owner)).toEqual([1, 2, 4444]);
  });

  test('knows an item for as long as it is listed, however long that is, and forgets it after (X9)', async ({
    replica,
    owner,
  }) => {
    const feed = await startFeed();
    await create(replica, { url: feed.url });
    await replica.run('fleet.poll');
    const daysPass = async (): Promise<void> => {
      await sql`update trigger_firing set fired_at = fired_at - interval '29 days',
                seen_at = seen_at - interval '29 days'`.execute(owner);
      await sql`update trigger_poll set items_at = items_at - interval '29 days'`.execute(owner);
    };
    const known = async (): Promise<unknown[]> => {
      await replica.run('fleet.forget');
      const { rows } = await sql<{ key: string }>`
        select delivery_key as key from trigger_firing where repeats = 0 order by 1
      `.execute(owner);
      return rows.map(({ key }) => key);
    };
    // Nothing new for two months: the answer between is a 304.
    await daysPass();
    await pollAgain(replica, owner);
    await daysPass();
    expect(await known()).toEqual(['id:1', 'id:2']);
    feed.items = [{ id: 2 }, { id: 333 }];
    await pollAgain(replica, owner);
    expect(await known()).toEqual(['id:1', 'id:2', 'id:333']);
    // And then it cannot be asked for two months.
    await daysPass();
    await daysPass();
    expect(await known()).toEqual(['id:1', 'id:2', 'id:333']);
    feed.items = [{ id: 2 }, { id: 333 }, { id: 4444 }];
    await pollAgain(replica, owner);
    expect(await known()).toEqual(['id:2', 'id:333', 'id:4444']);
    expect(await payloads(owner)).toEqual([333, 4444]);
  });

  test('tells its secret to no other host, and asks another address as a new one (X10)', async ({
    replica,
    owner,
  }) => {
    const [feed, other] = [await startFeed(), await startFeed()];
    await create(replica, { url: feed.url });
    await replica.run('fleet.poll');
    const change = (body: object): Promise<Answer> =>
      replica.call('PATCH', '/api/v1/triggers/feed', { as: 'write', body });
    const elsewhere = { url: other.url, every_seconds: 60, items: '/items' };
    expect(await change({ poller: elsewhere })).toMatchObject({
      status: 400,
      body: { errors: [{ path: '/secret' }] },
    });
    await replica.run('fleet.poll');
    expect(other.asked).toEqual([]);
    other.items = [{ id: 7 }, { id: 8 }];
    const changed = await change({ poller: elsewhere, secret: 'a-token-of-the-other' });
    expect(changed).toMatchObject({ status: 200, body: { poller: elsewhere, last_poll: null } });
    await replica.run('fleet.poll');
    expect(other.asked).toMatchObject([{ authorization: 'Bearer a-token-of-the-other' }]);
    expect(other.asked[0]?.['if-none-match']).toBeUndefined();
    const firings = await replica.call('GET', '/api/v1/triggers/feed/firings', { as: 'read' });
    expect(firings.body['firings']).toHaveLength(4);
    expect(firings.body['firings']).toMatchObject([
      { how: 'skipped' },
      { how: 'skipped' },
      { how: 'skipped' },
      { how: 'skipped' },
    ]);
    // An answer that is still under way when the address changes says nothing of the next one.
    feed.items = [{ id: 91 }];
    await change({ poller: { ...elsewhere, url: feed.url }, secret: 'a-token-of-the-feed' });
    feed.beforeAnswer = async () => {
      await change({ poller: elsewhere, secret: 'a-token-of-the-other' });
    };
    await replica.run('fleet.poll');
    feed.beforeAnswer = undefined;
    expect((await read(replica))['last_poll']).toBeNull();
    other.items = [{ id: 92 }];
    await pollAgain(replica, owner);
    expect(await payloads(owner)).toEqual([]);
    // The same place, asked less often, is no other one.
    const slower = await change({ poller: { ...elsewhere, every_seconds: 90 } });
    expect(slower.body['last_poll']).toMatchObject({ status: 200 });
  });

  test('is at one replica at a time, and comes back when that one died (X7)', async ({
    replicaWith,
    owner,
    dispatch,
  }) => {
    const key = createSecretKey(randomBytes(32));
    const [one, other] = [replicaWith({ key }), replicaWith({ key })];
    const feed = await startFeed();
    await create(one, { url: feed.url, first_poll: 'start' });
    // One takes it and dies before it has asked.
    expect(await takePolls(dispatch, { holdMs: 60_000, limit: 5 })).toHaveLength(1);
    await other.run('fleet.poll');
    expect(feed.asked).toHaveLength(0);
    await pollAgain(other, owner);
    // And another after it has started the first run.
    await sql`delete from trigger_firing where delivery_key = 'id:2'`.execute(owner);
    await sql`delete from trigger_poll`.execute(owner);
    await Promise.all([pollAgain(one, owner), other.run('fleet.poll')]);
    expect(await payloads(owner)).toEqual([1, 2, 2]);
  });

  test('is not kept with an address inside, in whatever spelling', async ({ replica }) => {
    for (const url of [
      'http://169.254.169.254/latest',
      'http://10.1.2.3/',
      'http://2130706434/',
      'http://[::1]/',
      'http://user:password@example.com/',
    ]) {
      expect([url, (await create(replica, { url })).status]).toEqual([url, 400]);
    }
  });

  test('does not ask what a name leads to inside, and says so', async ({ replica, owner }) => {
    await create(replica, { url: 'http://localhost:9/' });
    await pollAgain(replica, owner);
    expect((await read(replica))['last_poll']).toMatchObject({
      status: null,
      error: expect.stringContaining('may not be called'),
    });
  });
});
