import { type DatabaseFixtures, fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { IntelligenceFixture, type Provider, startProvider } from './intelligence-fixture.ts';
import type { IntelligenceSettings } from './intelligence-options.ts';

interface Fixtures extends DatabaseFixtures {
  readonly provider: Provider;
  readonly tenant: Tenant;
  readonly replicaWith: (
    settings: Partial<IntelligenceSettings>,
    tenant?: Tenant,
    roots?: readonly string[],
  ) => IntelligenceFixture;
  readonly replica: IntelligenceFixture;
}

/** A test with a provider, an organization and one replica of gateway and intelligence. */
export const intelligenceTest = fileDatabaseTest.extend<Omit<Fixtures, keyof DatabaseFixtures>>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  provider: async ({}, use) => {
    const provider = await startProvider();
    await use(provider);
    await provider.close();
  },
  tenant: async ({ db }, use) => use(await makeTenant(db)),
  replicaWith: async ({ db, tenant, provider }, use) => {
    const replicas: IntelligenceFixture[] = [];
    await use((settings, other, roots = []) => {
      const replica = new IntelligenceFixture({
        db,
        tenant: other ?? tenant,
        provider,
        settings,
        roots,
      });
      replicas.push(replica);
      return replica;
    });
    for (const replica of replicas) await replica.close();
  },
  replica: async ({ replicaWith }, use) => use(replicaWith({})),
}) as TestAPI<Fixtures>;
