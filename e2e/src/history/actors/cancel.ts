import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

/** Cancels a run, wherever it is, and all under it. */
export async function cancelRun(arena: Arena, random: Random, runId: string): Promise<void> {
  const { answer, answeredMs } = await arena.send(random, `/api/v1/runs/${runId}/cancel`, {
    headers: bearer(arena.installation.secrets.administrator),
    method: 'POST',
  });
  if (answer?.status === 200) arena.journal.record({ kind: 'cancelled', runId, answeredMs });
}
