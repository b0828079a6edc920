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
      pace: { everyMs: options.paceMs, monotonicMs: options.monotonicMs },
    });
  }

  /** Resolves when the report is kept; what is offered from then on heeds it. */
  async report({ id, capabilities }: WorkerRecord, probes: readonly Probe[]): Promise<void> {
    const { refreshMs, monotonicMs, onChanged } = this.#options;
    const found = JSON.stringify(
      probes.map(({ model, reachable, error }) => [model, reachable, error]),
    );
    const told = this.#told.get(id);
    const now = monotonicMs();
    if (told?.found === found && now - told.writtenMs < refreshMs) return;
    const sick = sickModels(probes);
    await this.#commits.add({ workerId: id, orgId: capabilities.orgId, sick, probes });
    if (this.#told.size > WORKERS_MAX) this.#told.clear();
    this.#told.set(id, { found, writtenMs: now });
    if (told?.found !== found) onChanged(id);
  }
}
