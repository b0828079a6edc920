import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

const RECENT = 20;

/** Approves, denies and signals what waits, often twice at once, at either server, early and late. */
export async function answerWaits(
  arena: Arena,
  random: Random,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const headers = bearer(arena.installation.secrets.administrator);
  const answerOne = async (runId: string, wait: number): Promise<void> => {
    const how = random.pick(['approve', 'deny', 'signal']);
    const { answer } = await arena.send(random, `/api/v1/runs/${runId}/${how}`, {
      headers,
      body: how === 'signal' ? { name: 'go', value: wait } : { wait },
      lose: random.chance(0.1),
    });
    if (how === 'signal' || answer?.status !== 200 || answer.json.resumed !== true) return;
    arena.journal.record({ kind: 'answered', runId, wait });
  };
  while (!signal.aborted) {
    const chosen = random.any(arena.waits.slice(-RECENT));
    if (chosen) {
      const { runId, wait } = chosen;
      const times = random.between(1, 3);
      await Promise.all(Array.from({ length: times }, () => answerOne(runId, wait)));
    }
    await pause(random.between(5, 60));
  }
}
