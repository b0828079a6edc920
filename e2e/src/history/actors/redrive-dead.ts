import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

const DEAD_LETTERS = '/api/v1/fleet/dead-letters';
/** What is repeated may die again, and be repeated again. */
const REPEATED_MAX = 200;

/**
 * Repeats dead runs, one by one and all that there are, at both servers at once; asks again for what it
 * has repeated before. Whatever it does, a dead letter becomes one run (the key says so, to H2).
 */
export async function redriveDead(
  arena: Arena,
  random: Random,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { journal } = arena;
  const headers = bearer(arena.installation.secrets.administrator);
  const known: string[] = [];

  async function redrive(id: string): Promise<void> {
    const { answer, answeredMs } = await arena.send(random, `${DEAD_LETTERS}/${id}/redrive`, {
      headers,
      method: 'POST',
      lose: random.chance(0.15),
    });
    if (answer?.status !== 200) return;
    const runId = answer.json.run_id as string;
    const idempotencyKey = `redrive of ${id}`;
    journal.record({ kind: 'submitted', runId, idempotencyKey, answeredMs });
    journal.count('redriven');
  }

  while (!signal.aborted) {
    const { answer } = await arena.send(random, `${DEAD_LETTERS}?limit=20`, { headers });
    if (answer?.status === 200) {
      for (const { run_id: id } of answer.json.dead_letters as { run_id: string }[]) {
        if (!known.includes(id) && known.length < REPEATED_MAX) known.push(id);
      }
    }
    const id = random.any(known.slice(-30));
    if (id !== null) {
      const all = random.chance(0.1) && known.length < REPEATED_MAX;
      await Promise.all([
        redrive(id),
        ...(random.chance(0.5) ? [redrive(id)] : []),
        ...(all
          ? [arena.send(random, `${DEAD_LETTERS}/redrive`, { headers, body: { filter: {} } })]
          : []),
      ]);
    }
    await pause(random.between(20, 150));
  }
}
