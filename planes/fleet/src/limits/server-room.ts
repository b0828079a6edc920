/**
 * F8. How many runs this replica may still queue on the server as a whole. It takes its part from what the
 * leader counted last in pieces of a thousand, so that a submission costs no statement more. The bound may
 * be exceeded by one piece a replica and by what is being stored while the leader counts.
 */
import { Fault } from '@sagewai/fault';

export interface ServerRoomOptions {
  readonly take: (count: number) => Promise<number>;
  readonly chunk: number;
  /** What a refused submission is told to wait for. */
  readonly retryAfterMs: number;
  readonly monotonicMs: () => number;
}

export class ServerRoom {
  readonly #options: ServerRoomOptions;
  #left = 0;
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;

  constructor(options: ServerRoomOptions) {
    this.#options = options;
  }

  /** Takes room for so many runs, or throws. */
  async take(count: number): Promise<void> {
    while (this.#left < count) {
      if (this.#options.monotonicMs() < this.#fullUntilMs) throw this.#full();
      this.#asking ??= this.#ask(count).finally(() => (this.#asking = null));
      await this.#asking;
    }
    this.#left -= count;
  }

  /** What was taken and not stored. */
  giveBack(count: number): void {
    this.#left += count;
  }

  async #ask(count: number): Promise<void> {
    const { take, chunk, retryAfterMs, monotonicMs } = this.#options;
    const taken = await take(Math.max(chunk, count));
    this.#left += taken;
    if (taken === 0 || this.#left < count) this.#fullUntilMs = monotonicMs() + retryAfterMs;
  }

  #full(): Fault {
    return new Fault('service.busy', 'the server queues no more runs', {
      detail: 'As many runs wait as the server takes; nothing was stored.',
      retryAfterMs: this.#options.retryAfterMs,
    });
  }
}
