import { databaseTest, type DatabaseFixtures, makeTenant, type Tenant } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { FleetFixture, type FixtureOptions } from './fleet-fixture.ts';

export interface FleetFixtures extends DatabaseFixtures {
  readonly tenant: Tenant;
  readonly replica: FleetFixture;
  /** Another replica on the same database, with other settings. */
  readonly replicaWith: (options: Partial<FixtureOptions>) => FleetFixture;
}

/** A test with one organization and one replica of the fleet. */
export const fleetTest = databaseTest.extend<Omit<FleetFixtures, keyof DatabaseFixtures>>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
  replicaWith: async ({ db, dispatch, tenant }, use) => {
    const replicas: FleetFixture[] = [];
    await use((options) => {
      const replica = new FleetFixture({ db, dispatch, tenant, ...options });
      replicas.push(replica);
      return replica;
    });
    for (const replica of replicas) await replica.close();
  },
  replica: async ({ replicaWith }, use) => use(replicaWith({})),
}) as TestAPI<FleetFixtures>;
