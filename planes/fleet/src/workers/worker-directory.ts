import type { WorkerId } from '@sagewai/wire';

import { GroupCommit } from '../group-commit.ts';
import type { WorkerRecord } from './worker.ts';

export interface WorkerDirectoryOptions {
  readonly read: (ids: readonly WorkerId[]) => Promise<Map<WorkerId, WorkerRecord>>;
  /** How long an answer is trusted: how late a revocation may be noticed. */
  readonly trustMs: number;
  readonly monotonicMs: () => number;
}

interface Remembered {
  readonly record: WorkerRecord | null;
  readonly readMs: number;
}

const REMEMBERED_MAX = 100_000;

/** What is recorded of workers, remembered for a moment. Look-ups that come together go together. */
export class WorkerDirectory {
  readonly #options: WorkerDirectoryOptions;
  readonly #remembered = new Map<WorkerId, Remembered>();
  readonly #lookUps: GroupCommit<WorkerId, WorkerRecord | null>;

  constructor(options: WorkerDirectoryOptions) {
    this.#options = options;
    this.#lookUps = new GroupCommit({
      commit: (ids) => this.#readAll(ids),
      weightMax: 1_000,
      lanes: 2,
    });
  }

  /** Null: there is no such worker. Not a promise when it is remembered. */
  find(id: WorkerId): WorkerRecord | null | Promise<WorkerRecord | null> {
    const known = this.#remembered.get(id);
    const fresh = this.#options.monotonicMs() - this.#options.trustMs;
    if (known !== undefined && known.readMs > fresh) return known.record;
    return this.#lookUps.add(id);
  }

  /** Its record has just changed here. */
  forget(id: WorkerId): void {
    this.#remembered.delete(id);
  }

  /** What changed elsewhere may not have been heard. */
  forgetAll(): void {
    this.#remembered.clear();
  }

  async #readAll(ids: readonly WorkerId[]): Promise<(WorkerRecord | null)[]> {
    // As of before the question: what changes while it is on its way may be missing from the answer.
    const readMs = this.#options.monotonicMs();
    const records = await this.#options.read([...new Set(ids)]);
    if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.clear();
    return ids.map((id) => {
      const record = records.get(id) ?? null;
      this.#remembered.set(id, { record, readMs });
      return record;
    });
  }
}
