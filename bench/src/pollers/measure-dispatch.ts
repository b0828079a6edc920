import { setTimeout as pause } from 'node:timers/promises';

import type { Api } from '../common/api.ts';

const ARRIVAL_MS_MAX = 30_000;
/** Between two submissions: an idle fleet is what is measured. */
const BETWEEN_MS = 20;

export interface Dispatch {
  readonly api: Api;
  readonly pools: readonly string[];
  readonly model: string;
  /** When each run arrived at its worker; filled by the workers. */
  readonly arrived: Map<string, number>;
}

/** One run after another; ms from sending the submission to the lease's arrival at a worker. */
export async function measureDispatch(
  { api, pools, model, arrived }: Dispatch,
  count: number,
): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const submittedAt = performance.now();
    const { run_id: runId } = (await api.post('/api/v1/fleet/tasks', {
      pool: pools[number % pools.length],
      model,
      payload: { n: number },
    })) as { run_id: string };
    while (!arrived.has(runId)) {
      if (performance.now() - submittedAt > ARRIVAL_MS_MAX)
        throw new Error(`run ${runId} got lost`);
      await pause(1);
    }
    latenciesMs.push((arrived.get(runId) ?? 0) - submittedAt);
    arrived.delete(runId);
    await pause(BETWEEN_MS);
  }
  return latenciesMs;
}
