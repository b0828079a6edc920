import type { ServerResponse } from 'node:http';

import { type DatabaseFixtures, fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { forgetCalls } from './fixture.sql.ts';
import type { GatewayConfig } from './gateway-config.ts';
import {
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from './gateway-fixture.ts';

interface World {
  readonly upstream: FakeUpstream;
  readonly tenant: Tenant;
  /** Of a key that may do everything. */
  readonly key: string;
  /** Closed when the test ends. */
  readonly start: (changes: Partial<GatewayConfig>) => Promise<RunningGateway>;
}

/** A test with a provider, a tenant and a key, in the database of its file, without the calls of the others. */
export const worldTest = fileDatabaseTest.extend<World>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  upstream: async ({}, use) => {
    const upstream = await startFakeUpstream();
    await use(upstream);
    await upstream.close();
  },
  tenant: async ({ db, owner }, use) => {
    await forgetCalls(owner);
    await use(await makeTenant(db));
  },
  key: async ({ db, tenant }, use) => {
    await use((await makeKey(db, tenant)).value);
  },
  start: async ({ db }, use) => {
    const running: RunningGateway[] = [];
    await use(async (changes) => {
      const gateway = await startGateway(db, changes);
      running.push(gateway);
      return gateway;
    });
    await Promise.all(running.map((gateway) => gateway.close()));
  },
});

interface SharedWorld extends DatabaseFixtures, Pick<World, 'upstream' | 'tenant' | 'key'> {
  readonly gateway: RunningGateway;
}

/** The same with one database, one provider and one gateway for the tests of a file; tenants are each one's own. */
export function sharedWorldTest(
  changesFor: (upstreamUrl: string) => Partial<GatewayConfig>,
): TestAPI<SharedWorld> {
  return fileDatabaseTest
    .extend<{ $file: { world: { upstream: FakeUpstream; gateway: RunningGateway } } }>({
      world: [
        async ({ db }, use) => {
          const upstream = await startFakeUpstream();
          const gateway = await startGateway(db, changesFor(upstream.url));
          await use({ upstream, gateway });
          await gateway.close();
          await upstream.close();
        },
        { scope: 'file' },
      ],
    })
    .extend<Pick<World, 'upstream' | 'tenant' | 'key'> & { gateway: RunningGateway }>({
      upstream: async ({ world }, use) => {
        world.upstream.asked.length = 0;
        await use(world.upstream);
      },
      gateway: async ({ world }, use) => {
        await use(world.gateway);
      },
      tenant: async ({ db }, use) => {
        await use(await makeTenant(db));
      },
      key: async ({ db, tenant }, use) => {
        await use((await makeKey(db, tenant)).value);
      },
    });
}

export function answerJson(
  reply: ServerResponse,
  body: object | string,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  reply.writeHead(status, { 'content-type': 'application/json', ...headers });
  reply.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Each in a packet of its own, as far as that can be had. */
export function answerEvents(reply: ServerResponse, events: readonly string[]): void {
  reply.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) reply.write(event);
  reply.end();
}
