import { randomUUID } from 'node:crypto';

import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';
import type { Held, WorkerSession } from './worker-session.ts';

export interface ClaimOptions {
  readonly session: WorkerSession;
  readonly held: Map<string, Held>;
  /** Null: the older form, one flat run and no number of the poll. */
  readonly slots: number | null;
  /** Gives the answer up; the same poll is then repeated, wherever (F6). */
  readonly lose: boolean;
}

interface WireLease {
  readonly run_id: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly run_token: string;
  readonly resume?: { readonly kind: string } | null;
  readonly payload: { readonly policed?: boolean };
}

const TRIES = 3;

/** Claims and writes down what it was handed. A session that is over is replaced by another. */
export async function claimInto(
  arena: Arena,
  random: Random,
  { session, held, slots, lose }: ClaimOptions,
): Promise<void> {
  const poll = { poll_timeout: random.pick([0, 0.2, 1]) };
  const pollId = randomUUID();
  const body = slots === null ? poll : { ...poll, slots, poll_id: pollId };
  let firstSentMs: number | null = null;
  let again = slots !== null && random.chance(0.25);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { answer, sentMs, answeredMs } = await session.post(
      '/api/v1/fleet/claim',
      body,
      lose && attempt === 0,
    );
    firstSentMs ??= sentMs;
    if (answer?.status === 200) {
      const leases = (slots === null ? [answer.json] : answer.json.leases) as WireLease[];
      const { workerId } = session;
      for (const lease of leases) {
        const { run_id: runId, epoch, attempt: nth, run_token: runToken, resume, payload } = lease;
        arena.journal.record({
          kind: 'claimed',
          runId,
          epoch,
          workerId,
          sentMs: firstSentMs,
          answeredMs,
          ...(resume ? { resumedBy: resume.kind } : {}),
        });
        const policed = payload.policed === true;
        held.set(runId, { runId, epoch, attempt: nth, runToken, policed });
      }
      if (slots !== null) {
        const epochs = leases.map(({ epoch }) => epoch);
        arena.journal.record({ kind: 'polled', pollId, epochs, answeredMs });
      }
      // As if the answer had been lost on the way: the same poll has the same leases (F6).
      if (!again || leases.length === 0) return;
      again = false;
      continue;
    }
    if (answer?.status === 401 || answer?.status === 409) return void (await session.reopen());
    if (answer && answer.status < 500) return;
    // Without a number the run is gone to us: nobody can ask for it again.
    if (slots === null) return;
  }
}
