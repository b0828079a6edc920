import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import type { Arena } from '../arena.ts';
import { POLICY } from '../check-fleet.ts';
import type { Needs } from '../event.ts';
import type { Random } from '../random.ts';
import { cancelRun } from './cancel.ts';

interface Submission {
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly needs: Needs;
  readonly delayMs: number;
  /** When it was first sent; null: not yet. */
  firstSentMs: number | null;
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
  let count = 0;

  const make = (capped = random.chance(0.03)): Submission => {
    count += 1;
    const key = `${name}-${count}`;
    // One worker alone serves the pool `solo`.
    const pool = random.chance(0.1) ? 'solo' : random.pick(['default', 'gpu']);
    const policed = random.chance(0.15);
    const delayMs = random.chance(0.1) ? random.between(200, 1_500) : 0;
    const labels: Record<string, string> = pool === 'gpu' ? { tier: 'production' } : {};
    const needs = { pool, labels, model: random.chance(0.2) ? 'full' : null };
    const body = {
      payload: policed ? { task: key, policed } : { task: key },
      ...needs,
      priority: random.between(-2, 2),
      max_attempts: !policed && random.chance(0.2) ? 3 : 100,
      ...(capped ? { concurrency: CAPPED } : {}),
      ...(policed ? { retry: POLICY } : {}),
      ...(delayMs > 0 ? { delay_seconds: delayMs / 1_000 } : {}),
    };
    const made = { key, body, needs, delayMs, firstSentMs: null };
    remembered.push(made);
    if (remembered.length > REMEMBERED_MAX) remembered.shift();
    return made;
  };
  const choose = (): Submission => (random.chance(0.25) ? random.any(remembered) : null) ?? make();

  function note(one: Submission, runId: string, answeredMs: number): void {
    const { key: idempotencyKey, body, needs, delayMs, firstSentMs } = one;
    const concurrency = body['concurrency'] as typeof CAPPED | undefined;
    if (concurrency) journal.count('capped runs');
    if (delayMs > 0) journal.count('delayed runs');
    journal.record({
      kind: 'submitted',
      runId,
      idempotencyKey,
      answeredMs,
      needs,
      ...(concurrency ? { concurrency } : {}),
      ...(delayMs > 0 ? { dueMs: (firstSentMs ?? 0) + delayMs } : {}),
    });
  }

  /** Asks until it is answered: a client that wants to know does not stop at a lost answer. */
  async function submit(submissions: readonly Submission[]): Promise<void> {
    const [only] = submissions;
    const alone = submissions.length === 1 && only !== undefined;
    const runs = submissions.map(({ key, body }) => ({ ...body, idempotency_key: key }));
    for (const each of submissions) each.firstSentMs ??= journal.nowMs();
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
          const one = submissions[index];
          if (!one) continue;
          note(one, id, answeredMs);
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
    if (id !== null) await cancelRun(arena, random, id);
  }

  while (!signal.aborted) {
    const size = random.chance(0.4) ? random.between(2, BATCH_MAX) : 1;
    if (count < RUNS_MAX || random.chance(0.1)) {
      // Some batches are of capped runs alone: a cap that counts nothing shows on a slow machine too.
      const together = size > 3 && random.chance(0.1);
      const next = together ? (): Submission => make(true) : choose;
      const chosen = new Map(Array.from({ length: size }, next).map((one) => [one.key, one]));
      await submit([...chosen.values()]);
    }
    if (random.chance(0.06)) await cancel();
    await pause(random.between(5, 120));
  }
}
