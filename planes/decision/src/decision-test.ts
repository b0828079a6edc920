import { type DatabaseFixtures, fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { DecisionFixture, type FixtureOptions } from './decision-fixture.ts';

export interface DecisionFixtures extends DatabaseFixtures {
  readonly tenant: Tenant;
  readonly replica: DecisionFixture;
  readonly replicaWith: (options: Partial<FixtureOptions>) => DecisionFixture;
}

/** A test with one organization and one replica of fleet and decision. */
export const decisionTest = fileDatabaseTest.extend<Omit<DecisionFixtures, keyof DatabaseFixtures>>(
  {
    tenant: async ({ db }, use) => use(await makeTenant(db)),
    replicaWith: async ({ db, dispatch, tenant }, use) => {
      const replicas: DecisionFixture[] = [];
      await use((options) => {
        const replica = new DecisionFixture({ db, dispatch, tenant, ...options });
        replicas.push(replica);
        return replica;
      });
      for (const replica of replicas) await replica.close();
    },
    replica: async ({ replicaWith }, use) => use(replicaWith({})),
  },
) as TestAPI<DecisionFixtures>;
