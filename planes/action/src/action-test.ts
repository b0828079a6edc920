import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type DatabaseFixtures, fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { ActionFixture, type FixtureOptions } from './action-fixture.ts';
import { ToolServer } from './tool-server-fixture.ts';

export interface ActionFixtures extends DatabaseFixtures {
  readonly tenant: Tenant;
  readonly replica: ActionFixture;
  readonly tools: { readonly server: ToolServer; readonly url: string };
  readonly replicaWith: (options: Partial<FixtureOptions>) => ActionFixture;
}

/** A test with one organization and one replica of fleet and action. */
export const actionTest = fileDatabaseTest.extend<Omit<ActionFixtures, keyof DatabaseFixtures>>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
  replicaWith: async ({ db, dispatch, tenant }, use) => {
    const replicas: ActionFixture[] = [];
    // Replicas of one server have one key, and one object store.
    const key = createSecretKey(randomBytes(32));
    const folder = join(tmpdir(), `sagewai-objects-${randomUUID()}`);
    await use((options) => {
      const replica = new ActionFixture({ db, dispatch, tenant, key, folder, ...options });
      replicas.push(replica);
      return replica;
    });
    for (const replica of replicas) await replica.close();
  },
  replica: async ({ replicaWith }, use) => use(replicaWith({})),
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads which fixtures a fixture needs from it.
  tools: async ({}, use) => {
    const server = new ToolServer();
    await use({ server, url: await server.listen() });
    await server.close();
  },
}) as TestAPI<ActionFixtures>;
