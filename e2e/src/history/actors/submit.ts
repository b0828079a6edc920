import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

interface Submission {
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Across pools and servers. */
const CAPPED = { key: 'capped', limit: 2 };
const BATCH_MAX = 12;
const RUNS_MAX = 1_500;
const REMEMBERED_MAX = 60;

/**
 * Submits with idempotency keys, one by one and in batches; loses answers and asks again, here or at
 * the other server; repeats what was acknowledged long ago; cancels now and then.
 */
export async function submitRuns(
  arena: Arena,
  random: Random,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<void> {
  const { journal } = arena;
  const headers = bearer(arena.installation.secrets.administrator);
  const remembered: Submission[] = [];
  const acknowledged: string[] = [];
  let made = 0;

  const make = (): Submission => {
    made += 1;
    const key = `${name}-${made}`;
    // One worker alone serves the pool `solo`.
    const pool = random.chance(0.1) ? 'solo' : random.pick(['default', 'gpu']);
    const body = {
      payload: { task: key },
      pool,
      priority: random.between(-2, 2),
      max_attempts: random.chance(0.2) ? 3 : 100,
      ...(random.chance(0.08) ? { concurrency: CAPPED } : {}),
      ...(pool === 'gpu' ? { labels: { tier: 'production' } } : {}),
    };
    remembered.push({ key, body });
    if (remembered.length > REMEMBERED_MAX) remembered.shift();
    return { key, body };
  };
  const choose = (): Submission => (random.chance(0.25) ? random.any(remembered) : null) ?? make();

  /** Asks until it is answered: a client that wants to know does not stop at a lost answer. */
  async function submit(submissions: readonly Submission[]): Promise<void> {
    const [only] = submissions;
    const alone = submissions.length === 1 && only !== undefined;
    const runs = submissions.map(({ key, body }) => ({ ...body, idempotency_key: key }));
    for (let lose = random.chance(0.15); !signal.aborted; lose = false) {
      const { answer, answeredMs } = await arena.send(
        random,
        alone ? '/api/v1/runs' : '/api/v1/runs/batch',
        {
          headers,
          body: alone ? runs[0] : { runs },
          lose,
        },
      );
      if (answer?.status === 201) {
        const ids = (alone ? [answer.json] : answer.json.runs) as { id: string }[];
        for (const [index, { id }] of ids.entries()) {
          const { key: idempotencyKey = '', body } = submissions[index] ?? {};
          const concurrency = body?.['concurrency'] as typeof CAPPED | undefined;
          const event = { kind: 'submitted', runId: id, idempotencyKey, answeredMs } as const;
          journal.record({ ...event, ...(concurrency ? { concurrency } : {}) });
          if (concurrency) journal.count('capped runs');
          acknowledged.push(id);
        }
        return;
      }
      if (answer && answer.status < 500)
        throw new Error(`a submission was refused: ${answer.text}`);
      await pause(random.between(20, 80));
    }
  }

  async function cancel(): Promise<void> {
    const id = random.any(acknowledged.slice(-40));
    if (id === null) return;
    const { answer } = await arena.send(random, `/api/v1/runs/${id}/cancel`, {
      headers,
      method: 'POST',
    });
    if (answer?.status === 200) journal.count('cancelled');
  }

  while (!signal.aborted) {
    const size = random.chance(0.4) ? random.between(2, BATCH_MAX) : 1;
    if (made < RUNS_MAX || random.chance(0.1)) {
      const chosen = new Map(Array.from({ length: size }, choose).map((one) => [one.key, one]));
      await submit([...chosen.values()]);
    }
    if (random.chance(0.06)) await cancel();
    await pause(random.between(5, 120));
  }
}
