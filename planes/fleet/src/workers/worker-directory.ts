/**
 * What is recorded of the workers that call here. Look-ups that come together go together.
 *
 * While changes of records are heard of (`worker-news.ts`), what is remembered is right until a change is
 * heard, and is read again now and then all the same, of all workers in a few statements. While they are not
 * heard of, an answer is trusted for `trustMs`. Whatever is remembered wrongly gives nobody a run: claims,
 * reports and heartbeats look at the worker's state in their own statement.
 */
import type { OrganizationId, WorkerId } from '@sagewai/wire';

import { GroupCommit } from '../group-commit.ts';
import type { WorkerRecord } from './worker.ts';

export interface WorkerDirectoryOptions {
  readonly read: (ids: readonly WorkerId[]) => Promise<Map<WorkerId, WorkerRecord>>;
  /** How long an answer is trusted while nothing is heard. */
  readonly trustMs: number;
  /** How long it is trusted at all. */
  readonly trustMsMax: number;
  readonly monotonicMs: () => number;
  readonly onError: (error: unknown) => void;
}

interface Remembered {
  readonly record: WorkerRecord | null;
  readonly readMs: number;
  askedMs: number;
}

const REMEMBERED_MAX = 100_000;
/** Of one statement. */
const READ_MAX = 5_000;

export class WorkerDirectory {
  readonly #options: WorkerDirectoryOptions;
  readonly #remembered = new Map<WorkerId, Remembered>();
  readonly #lookUps: GroupCommit<WorkerId, WorkerRecord | null>;
  /** Of each change: what was read before it says nothing of what is after it. */
  readonly #changedMs = new Map<WorkerId, number>();
  /** Whether changes of records are heard of here. */
  hears: () => boolean = () => false;

  constructor(options: WorkerDirectoryOptions) {
    this.#options = options;
    this.#lookUps = new GroupCommit({
      commit: (ids) => this.#readAll(ids),
      weightMax: READ_MAX,
      lanes: 2,
    });
  }

  /** Null: there is no such worker. Not a promise when it is remembered. */
  find(id: WorkerId): WorkerRecord | null | Promise<WorkerRecord | null> {
    const known = this.#remembered.get(id);
    const { trustMs, trustMsMax, monotonicMs } = this.#options;
    const now = monotonicMs();
    const fresh = now - (this.hears() ? trustMsMax : trustMs);
    // Who does not exist may be enrolled at any moment, and nobody tells of that.
    const isTrusted = known !== undefined && known.record !== null && known.readMs > fresh;
    if (!isTrusted) return this.#lookUps.add(id);
    known.askedMs = now;
    return known.record;
  }

  /** Its record has just changed. */
  forget(id: WorkerId): void {
    this.#remembered.delete(id);
    if (this.#changedMs.size > REMEMBERED_MAX) this.#changedMs.clear();
    this.#changedMs.set(id, this.#options.monotonicMs());
  }

  /** What holds for all workers of the organization has changed: they are read again together. */
  forgetOrganization(orgId: OrganizationId): void {
    this.#reread((record) => record?.capabilities.orgId === orgId);
  }

  /** What changed elsewhere may not have been heard. */
  forgetAll(): void {
    this.#reread(() => true);
  }

  /** Reads again what is older, and forgets workers that have not called for as long. */
  async refresh(ageMs: number): Promise<void> {
    const before = this.#options.monotonicMs() - ageMs;
    const old: WorkerId[] = [];
    for (const [id, { readMs, askedMs }] of this.#remembered) {
      if (readMs > before) continue;
      if (askedMs > before) old.push(id);
      else this.#remembered.delete(id);
    }
    for (const [id, atMs] of this.#changedMs) if (atMs < before) this.#changedMs.delete(id);
    await Promise.all(old.map((id) => this.#lookUps.add(id)));
  }

  #reread(which: (record: WorkerRecord | null) => boolean): void {
    const gone = [...this.#remembered].filter(([, { record }]) => which(record));
    for (const [id] of gone) {
      this.forget(id);
      if (this.hears()) this.#lookUps.add(id).catch(this.#options.onError);
    }
  }

  async #readAll(ids: readonly WorkerId[]): Promise<(WorkerRecord | null)[]> {
    // As of before the question: what changes while it is on its way may be missing from the answer.
    const readMs = this.#options.monotonicMs();
    const records = await this.#options.read([...new Set(ids)]);
    if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.clear();
    return ids.map((id) => {
      const record = records.get(id) ?? null;
      if (!((this.#changedMs.get(id) ?? -1) >= readMs)) {
        const askedMs = this.#remembered.get(id)?.askedMs ?? readMs;
        this.#remembered.set(id, { record, readMs, askedMs });
      }
      return record;
    });
  }
}
