import type { WorkerId } from '@sagewai/wire';

import { GroupCommit } from '../group-commit.ts';
import { type Probe, sickModels } from './probe.ts';
import type { ProbeReport } from './probes.sql.ts';
import type { WorkerRecord } from './worker.ts';

export interface ProbesOptions {
  readonly write: (reports: readonly ProbeReport[]) => Promise<void>;
  /** A worker serves other models than before: what is remembered of it is wrong, here and elsewhere. */
  readonly onChanged: (workerId: WorkerId) => void;
  /** What is as before is written again after so long, lest it grow stale. */
  readonly refreshMs: number;
  /** What waits to be written goes together, no more often than this. */
  readonly paceMs: number;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
}

interface Told {
  readonly found: string;
  readonly writtenMs: number;
}

const WORKERS_MAX = 100_000;

/** Keeps what workers found (P1, P3), and writes only what is news or would grow stale. */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #told = new Map<WorkerId, Told>();
  readonly #commits: GroupCommit<ProbeReport, null>;
  readonly #news = new Set<WorkerId>();

  constructor(options: ProbesOptions) {
    this.#options = options;
    this.#commits = new GroupCommit({
      commit: async (batch) => {
        await options.write(batch);
        return batch.map(() => null);
      },
      weightMax: 500,
      lanes: 1,
      keysOf: ({ workerId }) => [workerId],
      pace: {
        everyMs: options.paceMs,
        monotonicMs: options.monotonicMs,
        isUrgent: ({ workerId }) => this.#news.has(workerId),
      },
    });
  }

  /** Resolves when news is kept; what is offered from then on heeds it. What is as before nobody waits for. */
  async report({ id, capabilities }: WorkerRecord, probes: readonly Probe[]): Promise<void> {
    const { refreshMs, monotonicMs, onChanged, onError } = this.#options;
    const found = JSON.stringify(
      probes.map(({ model, reachable, error }) => [model, reachable, error]),
    );
    const told = this.#told.get(id);
    const now = monotonicMs();
    if (told?.found === found && now - told.writtenMs < refreshMs) return;
    const sick = sickModels(probes);
    const report = { workerId: id, orgId: capabilities.orgId, sick, probes };
    if (this.#told.size > WORKERS_MAX) this.#told.clear();
    if (told?.found === found) {
      this.#told.set(id, { found, writtenMs: now });
      this.#commits.add(report).catch((error: unknown) => {
        this.#told.delete(id);
        onError(error);
      });
      return;
    }
    this.#news.add(id);
    await this.#commits.add(report).finally(() => this.#news.delete(id));
    this.#told.set(id, { found, writtenMs: now });
    onChanged(id);
  }

  /** What waits for its pace is written now: afterwards there is no database any more. */
  close(): Promise<void> {
    return this.#commits.settle();
  }
}
