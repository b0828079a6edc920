import { vi } from 'vitest';

import type { Answer, DecisionFixture, Held } from '../decision-fixture.ts';

/** The next run, once somebody has asked for it. */
export const taken = (replica: DecisionFixture, worker: string): Promise<Held> =>
  vi.waitFor(() => replica.claim(worker), { timeout: 10_000 });

export const report = (
  replica: DecisionFixture,
  { runId, epoch, worker }: Held,
  more: object,
): Promise<Answer> =>
  replica.call('POST', '/api/v1/fleet/report', worker, {
    run_id: runId,
    epoch,
    status: 'completed',
    ...more,
  });
