import { keyOf, type Lease, type LeaseName } from './lease.ts';
import { RunStopped } from './run-lease.ts';

/** The runs that are under way here. */
export interface HeldRuns {
  readonly size: number;
  readonly names: readonly LeaseName[];
  /** Counts them in, tells of the change, and only then lets their first instructions run. */
  begin(leases: readonly Lease[]): void;
  stop(reason: RunStopped['reason'], which: (lease: LeaseName) => boolean): void;
  allEnded(): Promise<void>;
}

interface Running {
  readonly lease: Lease;
  readonly stop: AbortController;
  ended: Promise<void>;
}

export interface HeldRunsOptions {
  /** Never rejects; it is told to stop by its signal, whose reason is a `RunStopped`. */
  readonly run: (lease: Lease, signal: AbortSignal) => Promise<void>;
  readonly onBegun: () => void;
  readonly onEnded: () => void;
}

export function createHeldRuns({ run, onBegun, onEnded }: HeldRunsOptions): HeldRuns {
  const running = new Map<string, Running>();
  return {
    get size() {
      return running.size;
    },
    get names() {
      return [...running.values()].map(({ lease }) => lease);
    },
    begin: (leases) => {
      const added = leases.map((lease): Running => {
        const one = { lease, stop: new AbortController(), ended: Promise.resolve() };
        running.set(keyOf(lease), one);
        return one;
      });
      onBegun();
      for (const one of added) {
        one.ended = run(one.lease, one.stop.signal).then(() => {
          running.delete(keyOf(one.lease));
          onEnded();
        });
      }
    },
    stop: (reason, which) => {
      for (const { lease, stop } of running.values()) {
        if (which(lease)) stop.abort(new RunStopped(reason));
      }
    },
    allEnded: async () => {
      while (running.size > 0) await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}
