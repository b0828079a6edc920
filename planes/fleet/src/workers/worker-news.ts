/**
 * Tells the other replicas of which workers something else is recorded now, so that what was decided here
 * holds there within a moment: they forget what they remember, and end the polls that wait.
 *
 * It goes through the channel of the wakes, all that was decided within `flushMs` in one message. Decisions
 * that end a worker, or let it work, are told by the statement that stores them as well
 * (`fleet_decide_worker`): no replica that dies in between keeps them to itself. A message that is lost
 * costs the time for which a record is trusted, and a waiting poll is given nothing meanwhile: the claim
 * itself looks at the worker's state.
 */
import type { OrganizationId, WorkerId } from '@sagewai/wire';

import { packPayloads } from '../dispatch/hints.ts';

export interface WorkerNewsOptions {
  /** Names this replica, so that it does not hear itself. */
  readonly replica: string;
  readonly flushMs: number;
  readonly notify: (payload: string) => Promise<void>;
  /** Something else is recorded of this worker. */
  readonly onChanged: (workerId: WorkerId) => void;
  /** Something else holds for all workers of the organization. */
  readonly onOrganizationChanged: (orgId: OrganizationId) => void;
  readonly onError: (error: unknown) => void;
}

const WORD = /^([wo]):([0-9a-f-]{36})$/;

export class WorkerNews {
  readonly #options: WorkerNewsOptions;
  /** As words. */
  readonly #untold = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerNewsOptions) {
    this.#options = options;
  }

  /** It was decided here. */
  tell(workerId: WorkerId): void {
    this.#options.onChanged(workerId);
    this.#add(`w:${workerId}`);
  }

  /** It was decided here, for all workers of an organization. */
  tellOrganization(orgId: OrganizationId): void {
    this.#options.onOrganizationChanged(orgId);
    this.#add(`o:${orgId}`);
  }

  /** A message of another replica; words of another kind are not for us. */
  receive(payload: string): void {
    const [replica, ...words] = payload.split(' ');
    if (replica === this.#options.replica) return;
    for (const word of words) {
      const [, kind, id] = WORD.exec(word) ?? [];
      if (kind === 'w') this.#options.onChanged(id as WorkerId);
      if (kind === 'o') this.#options.onOrganizationChanged(id as OrganizationId);
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  #add(word: string): void {
    this.#untold.add(word);
    this.#timer ??= setTimeout(() => void this.#flush(), this.#options.flushMs);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const words = [...this.#untold];
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
