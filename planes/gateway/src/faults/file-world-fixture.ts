import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';

import {
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';

export type FileWorldUpstream = FakeUpstream;

interface FileWorld {
  readonly upstream: FakeUpstream;
  /** For a model with two deployments. */
  readonly second: FakeUpstream;
  readonly tenant: Tenant;
  /** Of a key that may do everything. */
  readonly key: string;
  /** Closed when the file ends. */
  readonly start: (changes: Parameters<typeof startGateway>[1]) => Promise<RunningGateway>;
}

const OF_FILE = { scope: 'file' } as const;

/** One database, one tenant and as few gateways as the file starts, for all its tests. */
export const fileWorldTest = fileDatabaseTest.extend<FileWorld>({
  upstream: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
    async ({}, use) => {
      const upstream = await startFakeUpstream();
      await use(upstream);
      await upstream.close();
    },
    OF_FILE,
  ],
  second: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
    async ({}, use) => {
      const upstream = await startFakeUpstream();
      await use(upstream);
      await upstream.close();
    },
    OF_FILE,
  ],
  tenant: [async ({ db }, use) => use(await makeTenant(db)), OF_FILE],
  key: [async ({ db, tenant }, use) => use((await makeKey(db, tenant)).value), OF_FILE],
  start: [
    async ({ db }, use) => {
      const running: RunningGateway[] = [];
      await use(async (changes) => {
        const gateway = await startGateway(db, changes);
        running.push(gateway);
        return gateway;
      });
      await Promise.all(running.map((gateway) => gateway.close()));
    },
    OF_FILE,
  ],
});
