import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Answer, Post } from './connections.ts';

const FLEET = '/api/v1/fleet';
const RETRY_MS = 500;

export interface WorkerPlan {
  readonly name: string;
  readonly pool: string;
  readonly models: readonly string[];
  readonly enrollmentKey: string;
  readonly slots: number;
  readonly pollSeconds: number;
  readonly heartbeatMs: number;
  /** How long one run takes. */
  readonly workMs: () => number;
}

/** What all of them together have seen; each adds to it. */
export interface Tally {
  enrolled: number;
  /** Polls under way. */
  waiting: number;
  claimed: number;
  reported: number;
  heartbeats: number;
  /** Answers that were no success, and connections that broke. */
  failures: number;
  /** Registrations that the server put off. */
  putOff: number;
}

interface Lease {
  readonly run_id: string;
  readonly epoch: number;
}

export interface Around {
  readonly post: Post;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** Called as a run arrives. */
  readonly onLease: (runId: string) => void;
}

/** Enrolls, and lives until the signal: polls, works, reports, beats. */
export async function enrollWorker(
  plan: WorkerPlan,
  around: Around,
): Promise<{ readonly live: () => Promise<void> }> {
  const token = await register(plan, around);
  around.tally.enrolled += 1;
  return { live: () => new SimulatedWorker(plan, token, around).live() };
}

async function register(plan: WorkerPlan, { post, tally, signal }: Around): Promise<string> {
  const { name, pool, models, slots, enrollmentKey } = plan;
  const body = { name, pool, models, max_concurrent: slots };
  const headers = { 'x-enrollment-key': enrollmentKey };
  for (;;) {
    const answer = await post(`${FLEET}/register`, body, { headers, signal });
    if (answer.status === 201) return (answer.body as { token: string }).token;
    if (answer.status !== 429 && answer.status !== 503) {
      throw new Error(`registration answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    tally.putOff += 1;
    await pause(Math.max(RETRY_MS, answer.retryAfterMs) * (0.5 + Math.random()));
  }
}

class SimulatedWorker {
  readonly #plan: WorkerPlan;
  readonly #around: Around;
  readonly #held = new Map<string, Lease>();
  #token: string;

  constructor(plan: WorkerPlan, token: string, around: Around) {
    this.#plan = plan;
    this.#token = token;
    this.#around = around;
  }

  async live(): Promise<void> {
    await Promise.all([this.#poll(), this.#beat()]);
  }

  async #poll(): Promise<void> {
    const { signal, tally, onLease } = this.#around;
    const { slots, pollSeconds } = this.#plan;
    let pollId = randomUUID();
    while (!signal.aborted) {
      const free = slots - this.#held.size;
      if (free <= 0) {
        await pause(10);
        continue;
      }
      tally.waiting += 1;
      const answer = await this.#ask('/claim', {
        slots: free,
        poll_timeout: pollSeconds,
        poll_id: pollId,
      });
      tally.waiting -= 1;
      // The same poll again after a lost answer, so that its leases are not lost.
      if (answer === null) continue;
      pollId = randomUUID();
      const { leases } = answer.body as { leases: Lease[] };
      tally.claimed += leases.length;
      for (const lease of leases) {
        onLease(lease.run_id);
        this.#held.set(lease.run_id, lease);
        void this.#work(lease);
      }
    }
  }

  async #work(lease: Lease): Promise<void> {
    const { tally, signal } = this.#around;
    await pause(this.#plan.workMs());
    const body = { run_id: lease.run_id, epoch: lease.epoch, output: { simulated: true } };
    while (!signal.aborted) {
      if ((await this.#ask('/report', body)) === null) continue;
      tally.reported += 1;
      break;
    }
    this.#held.delete(lease.run_id);
  }

  async #beat(): Promise<void> {
    const { signal, tally } = this.#around;
    // Spread over the interval: a real fleet did not start at one instant.
    await pause(Math.random() * this.#plan.heartbeatMs, undefined, { signal }).catch(() => null);
    while (!signal.aborted) {
      const runs = [...this.#held.values()].map(({ run_id, epoch }) => ({ run_id, epoch }));
      const answer = await this.#ask('/heartbeat', { runs });
      if (answer !== null) {
        tally.heartbeats += 1;
        this.#token = (answer.body as { token?: string }).token ?? this.#token;
      }
      await pause(this.#plan.heartbeatMs, undefined, { signal }).catch(() => null);
    }
  }

  /** Null: no success this time; a pause is behind us. */
  async #ask(path: string, body: object): Promise<Answer | null> {
    const { post, tally, signal } = this.#around;
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      const answer = await post(`${FLEET}${path}`, body, { headers, signal });
      if (answer.status < 300) return answer;
      tally.failures += 1;
      await pause(Math.max(RETRY_MS, answer.retryAfterMs));
    } catch {
      if (signal.aborted) return null;
      tally.failures += 1;
      await pause(RETRY_MS);
    }
    return null;
  }
}
