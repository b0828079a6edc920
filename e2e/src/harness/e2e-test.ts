import { inject, test as base, type TestAPI } from 'vitest';

import { openStage, type Stage } from './stage.ts';

export interface E2eFixtures {
  /** A folder and processes of the test's own; undone after it, its logs told when it fails. */
  readonly stage: Stage;
}

export const test: TestAPI<E2eFixtures> = base.extend<E2eFixtures>({
  stage: async ({ onTestFailed }, use) => {
    const stage = await openStage();
    onTestFailed(() => console.error(stage.logs()));
    await use(stage);
    await stage.close();
  },
});

/** The PostgreSQL of the test run. */
export const cluster = (): ReturnType<typeof inject<'testCluster'>> => inject('testCluster');
