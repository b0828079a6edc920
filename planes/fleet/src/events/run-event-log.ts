import { GroupCommit } from '../group-commit.ts';
import type { Appended, EventBatch } from './run-event.ts';

export interface RunEventLogOptions {
  readonly store: (batches: readonly EventBatch[]) => Promise<Appended[]>;
  readonly eventsPerCommitMax: number;
  readonly lanes: number;
  /** Told after the commit. */
  readonly onAppended: (batch: EventBatch) => void;
}

/** Takes what runs say by group commit: its cost grows with the batches, not with the lines. */
export class RunEventLog {
  readonly #commits: GroupCommit<EventBatch, Appended>;

  constructor({ store, eventsPerCommitMax, lanes, onAppended }: RunEventLogOptions) {
    this.#commits = new GroupCommit({
      commit: async (batches) => {
        const answers = await store(batches);
        for (const [at, batch] of batches.entries()) {
          if ((answers[at]?.kept ?? 0) > 0) onAppended(batch);
        }
        return answers;
      },
      weightOf: ({ events }) => events.length,
      weightMax: eventsPerCommitMax,
      lanes,
      // N2. The second batch of a run finds what the first has left.
      keysOf: ({ runId }) => [runId],
    });
  }

  append(batch: EventBatch): Promise<Appended> {
    return this.#commits.add(batch);
  }
}
