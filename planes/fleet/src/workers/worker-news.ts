/**
 * Tells the other replicas of which workers something else is recorded now, so that what was decided here
 * holds there within a moment: they forget what they remember, and end the polls that wait.
 *
 * It goes through the channel of the wakes, all that was decided within `flushMs` in one message. A
 * message that is lost costs the time for which a record is trusted, and a waiting poll is given nothing
 * meanwhile: the claim itself looks at the worker's state.
 */
import type { WorkerId } from '@sagewai/wire';

import { packPayloads } from '../dispatch/hints.ts';

export interface WorkerNewsOptions {
  /** Names this replica, so that it does not hear itself. */
  readonly replica: string;
  readonly flushMs: number;
  readonly notify: (payload: string) => Promise<void>;
  /** Something else is recorded of this worker. */
  readonly onChanged: (workerId: WorkerId) => void;
  readonly onError: (error: unknown) => void;
}

const WORD = /^w:([0-9a-f-]{36})$/;

export class WorkerNews {
  readonly #options: WorkerNewsOptions;
  readonly #untold = new Set<WorkerId>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerNewsOptions) {
    this.#options = options;
  }

  /** It was decided here. */
  tell(workerId: WorkerId): void {
    this.#options.onChanged(workerId);
    this.#untold.add(workerId);
    this.#timer ??= setTimeout(() => void this.#flush(), this.#options.flushMs);
  }

  /** A message of another replica; words of another kind are not for us. */
  receive(payload: string): void {
    const [replica, ...words] = payload.split(' ');
    if (replica === this.#options.replica) return;
    for (const word of words) {
      const id = WORD.exec(word)?.[1];
      if (id !== undefined) this.#options.onChanged(id as WorkerId);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const words = [...this.#untold].map((id) => `w:${id}`);
    this.#untold.clear();
    try {
      for (const payload of packPayloads(this.#options.replica, words)) {
        await this.#options.notify(payload);
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
