import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';
import type { Held } from './worker-session.ts';

const CHILDREN_MAX = 3;

/**
 * Submits runs under one that is held, with its own token; answers may be lost. A run that begins anew
 * submits the same ones again, and is given those that it has.
 */
export async function submitChildren(arena: Arena, random: Random, parent: Held): Promise<void> {
  const { journal } = arena;
  for (let nth = 1; nth <= random.between(1, CHILDREN_MAX); nth += 1) {
    const idempotencyKey = `child ${nth} of ${parent.runId}`;
    // The same words each time: another body under a used key is refused.
    const pool = nth === 2 ? 'gpu' : 'default';
    const labels: Record<string, string> = pool === 'gpu' ? { tier: 'production' } : {};
    const needs = { pool, labels, model: null };
    const { answer, answeredMs } = await arena.send(random, '/api/v1/runs', {
      headers: { authorization: `Bearer ${parent.runToken}` },
      body: {
        payload: { task: idempotencyKey },
        pool,
        labels,
        max_attempts: 100,
        on_parent_end: nth === 1 ? 'continue' : 'cancel',
        idempotency_key: idempotencyKey,
      },
      lose: random.chance(0.1),
    });
    // Its parent is over, or another's by now: such a child is stored nowhere.
    if (answer && answer.status >= 400 && answer.status < 500) journal.count('children refused');
    if (answer?.status !== 201) continue;
    const { id: runId } = answer.json as { id: string };
    journal.record({ kind: 'submitted', runId, idempotencyKey, answeredMs, needs });
    journal.record({ kind: 'child', runId, parentId: parent.runId, answeredMs });
  }
}
