/**
 * F8. Queues that were found full. For a moment they are not asked again, so that refusing costs nothing
 * while more comes than goes.
 */
import { Fault } from '@sagewai/fault';

/** As `fleet_make_room` tells it. */
interface FullQueue {
  readonly pool: string | null;
  readonly projectId: string | null;
  readonly max: number;
  readonly queued: number;
}

export interface FullQueuesOptions {
  readonly retryAfterMs: number;
  readonly monotonicMs: () => number;
}

interface Place {
  readonly orgId: string;
  readonly projectId: string;
  readonly pools: ReadonlySet<string>;
}

export class FullQueues {
  readonly #options: FullQueuesOptions;
  readonly #full = new Map<string, { readonly queue: FullQueue; readonly untilMs: number }>();

  constructor(options: FullQueuesOptions) {
    this.#options = options;
  }

  /** Throws where a queue that runs would go to was just found without any room. */
  check({ orgId, projectId, pools }: Place): void {
    if (this.#full.size === 0) return;
    const now = this.#options.monotonicMs();
    for (const pool of [null, ...pools]) {
      for (const project of [null, projectId]) {
        const key = keyOf(orgId, project, pool);
        const full = this.#full.get(key);
        if (full === undefined) continue;
        if (now < full.untilMs) throw this.#fault(full.queue);
        this.#full.delete(key);
      }
    }
  }

  /** What the database said, as callers see it; other errors are as they were. */
  explain(error: unknown, orgId: string): unknown {
    const { code, detail } = error as { code?: unknown; detail?: unknown };
    if (code !== 'QF429' || typeof detail !== 'string') return error;
    const queue = JSON.parse(detail) as FullQueue;
    if (queue.queued >= queue.max) {
      const untilMs = this.#options.monotonicMs() + this.#options.retryAfterMs;
      this.#full.set(keyOf(orgId, queue.projectId, queue.pool), { queue, untilMs });
    }
    return this.#fault(queue);
  }

  #fault({ pool, projectId, max, queued }: FullQueue): Fault {
    const whose = [
      ...(projectId === null ? [] : ['the project']),
      ...(pool === null ? [] : [`the pool ${pool}`]),
    ].join(' in ');
    return new Fault('queue.full', `a queue of ${max} is full`, {
      detail: `${queued} runs of ${whose} wait already, of ${max} that may; nothing was stored.`,
      retryAfterMs: this.#options.retryAfterMs,
    });
  }
}

const keyOf = (orgId: string, projectId: string | null, pool: string | null): string =>
  JSON.stringify([orgId, projectId, pool]);
