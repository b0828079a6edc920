import type { OrganizationId, RunId } from '@sagewai/wire';

/** What tells whether a run has changed: its state, or how far it has got. */
export interface Mark {
  readonly runId: RunId;
  readonly mark: string;
}

export interface RunWatchOptions {
  readonly read: (
    orgIds: readonly OrganizationId[],
    runIds: readonly RunId[],
  ) => Promise<readonly Mark[]>;
  /** How often all watched runs are looked at, for what happens on other replicas. */
  readonly lookEveryMs: number;
  readonly onError: (error: unknown) => void;
}

interface Watcher {
  readonly orgId: OrganizationId;
  readonly runId: RunId;
  readonly known: string;
  readonly settle: () => void;
}

/** Callers that wait for a run to change its mark. One question for all of them. */
export class RunWatch {
  readonly #options: RunWatchOptions;
  readonly #watchers = new Map<RunId, Set<Watcher>>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(options: RunWatchOptions) {
    this.#options = options;
  }

  /** Resolves when the run is no longer at the mark `known`, the time is up, or the signal aborts. */
  wait(of: {
    readonly orgId: OrganizationId;
    readonly runId: RunId;
    readonly known: string;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { orgId, runId, known, waitMs, signal } = of;
    return new Promise((resolve) => {
      const watchers = this.#watchers.get(runId) ?? new Set<Watcher>();
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', settle);
        watchers.delete(watcher);
        if (watchers.size === 0) this.#watchers.delete(runId);
        if (this.#watchers.size === 0) this.#rest();
        resolve();
      };
      const watcher: Watcher = { orgId, runId, known, settle };
      const timer = setTimeout(settle, waitMs);
      signal.addEventListener('abort', settle, { once: true });
      this.#watchers.set(runId, watchers.add(watcher));
      if (signal.aborted) settle();
      this.#plan();
    });
  }

  /** Something has happened to the run here. */
  touch(runId: RunId): void {
    for (const watcher of this.#watchers.get(runId) ?? []) watcher.settle();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watchers of this.#watchers.values()) {
      for (const watcher of watchers) watcher.settle();
    }
  }

  /** Nobody waits: nothing is to be looked at, and nothing is left running. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #plan(): void {
    if (this.#timer !== undefined || this.#isLooking || this.#watchers.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.lookEveryMs);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isLooking = true;
    const watchers = [...this.#watchers.values()].flatMap((some) => [...some]);
    try {
      const orgIds = [...new Set(watchers.map(({ orgId }) => orgId))];
      const seen = await this.#options.read(orgIds, [...this.#watchers.keys()]);
      const markOf = new Map(seen.map(({ runId, mark }) => [runId, mark]));
      for (const { runId, known, settle } of watchers) {
        if (markOf.get(runId) !== known) settle();
      }
    } catch (error) {
      this.#options.onError(error);
    }
    this.#isLooking = false;
    this.#plan();
  }
}
