/**
 * How this replica and the others learn that a line of the queue may have something.
 *
 * A hint concerns the polls that wait here first, and is then told to the other replicas: all that was
 * learnt within `flushMs` in one NOTIFY, outside of any transaction of a run. A hint that is lost costs
 * the time until the next sweep and nothing else.
 */
import type { Backlog, Group } from './backlog.ts';
import type { Line, Subqueue } from './subqueue.ts';

export const WAKE_CHANNEL = 'fleet_wake';
/** PostgreSQL takes payloads shorter than 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7_900;

export interface HintedLine extends Line {
  /** How many runs it may have more; Infinity: unknown. */
  readonly count: number;
}

export interface HintsOptions {
  readonly backlog: Backlog;
  /** Names this replica, so that it does not hear itself. No blanks. */
  readonly replica: string;
  readonly flushMs: number;
  readonly readSubqueues: (sqs: readonly number[]) => Promise<Subqueue[]>;
  readonly notify: (payload: string) => Promise<void>;
  /** Polls of these groups may have something to claim. */
  readonly look: (groups: Iterable<Group>) => void;
  readonly onError: (error: unknown) => void;
}

export class Hints {
  readonly #options: HintsOptions;
  readonly #dirty = new Map<string, HintedLine>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HintsOptions) {
    this.#options = options;
  }

  /** Something was queued here: by a submission, or because a run went back. */
  tell(lines: readonly HintedLine[]): void {
    void this.hear(lines);
    for (const line of lines) {
      const key = `${line.sq}:${line.prio}`;
      const count = (this.#dirty.get(key)?.count ?? 0) + line.count;
      this.#dirty.set(key, { ...line, count });
    }
    if (lines.length > 0) {
      this.#timer ??= setTimeout(() => void this.#flush(), this.#options.flushMs);
    }
  }

  /** Something may be there, as another replica or the sweep says. */
  async hear(lines: readonly HintedLine[]): Promise<void> {
    const { backlog, readSubqueues, look, onError } = this.#options;
    const strangers = [...new Set(lines.map(({ sq }) => sq).filter((sq) => !backlog.knows(sq)))];
    try {
      if (strangers.length > 0) {
        for (const subqueue of await readSubqueues(strangers)) backlog.learn(subqueue);
      }
    } catch (error) {
      onError(error);
    }
    const groups = new Set<Group>();
    for (const line of lines) for (const group of backlog.note(line, line.count)) groups.add(group);
    look(groups);
  }

  /** A message of another replica. What does not read as one is passed over: it is only a hint. */
  receive(payload: string): void {
    const [replica, ...words] = payload.split(' ');
    if (replica === this.#options.replica) return;
    const lines = words
      .map((word) => word.split(':').map(Number))
      .filter((parts): parts is [number, number, number] => {
        const [sq, prio, count] = parts;
        return Number.isInteger(sq) && Number.isInteger(prio) && Number.isFinite(count);
      })
      .map(([sq, prio, count]) => ({ sq, prio, count }));
    void this.hear(lines);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const lines = [...this.#dirty.values()];
    this.#dirty.clear();
    try {
      for (const payload of toPayloads(this.#options.replica, lines)) {
        await this.#options.notify(payload);
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

export function toPayloads(replica: string, lines: readonly HintedLine[]): string[] {
  const words = lines.map(
    ({ sq, prio, count }) => `${sq}:${prio}:${Number.isFinite(count) ? count : 1_000_000}`,
  );
  return packPayloads(replica, words);
}

/** As few messages of this replica as hold these words. */
export function packPayloads(replica: string, words: readonly string[]): string[] {
  const payloads: string[] = [];
  let payload = replica;
  for (const word of words) {
    if (payload.length + 1 + word.length > PAYLOAD_BYTES_MAX) {
      payloads.push(payload);
      payload = replica;
    }
    payload += ` ${word}`;
  }
  if (payload !== replica) payloads.push(payload);
  return payloads;
}
