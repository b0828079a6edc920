import type { Line, Subqueue } from '../matching/subqueue.ts';
/**
 * How this replica and the others learn that a line of the queue may have something.
 *
 * A hint concerns the polls that wait here first, and is then told to the other replicas: all that was
 * learnt within `flushMs` in one NOTIFY, outside of any transaction of a run. A hint that is lost costs
 * the time until the next sweep and nothing else.
 */
import type { Backlog } from './backlog.ts';
import type { Group } from './group.ts';

export const WAKE_CHANNEL = 'fleet_wake';
/** PostgreSQL takes payloads shorter than 8,000 bytes. */
const PAYLOAD_BYTES_MAX = 7_900;
/** About 800 projects a second; who was given the least is left out first. */
const GIVEN_PAYLOADS_MAX = 8;

export interface HintedLine extends Line {
  /** How many runs it may have more; Infinity: unknown. */
  readonly count: number;
  /** For how long its head has waited, where that is known. */
  readonly waitedMs?: number;
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
  /** Subqueues of which a run has ended that a cap counted. */
  readonly #freed = new Set<number>();
  #areLimitsNew = false;
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
    if (lines.length > 0) this.#flushSoon();
  }

  /** F5. A run has ended that a cap may have counted: who waits for its place may have it. */
  tellFreed(sq: number, isCapped: boolean): void {
    const { backlog, look } = this.#options;
    look(backlog.freed(sq));
    if (!isCapped) return;
    this.#freed.add(sq);
    this.#flushSoon();
  }

  /** Limits were changed, and that is committed. */
  tellLimits(): void {
    this.#hearLimits();
    this.#areLimitsNew = true;
    this.#flushSoon();
  }

  /** F5. What projects were given here. */
  async tellGiven(): Promise<void> {
    const { backlog, replica, notify, onError } = this.#options;
    const words = backlog
      .takeGiven()
      .toSorted((one, other) => other.cost - one.cost)
      .map(({ group, project, cost }) => `g:${group}:${project}:${cost.toFixed(3)}`);
    try {
      for (const payload of packPayloads(replica, words).slice(0, GIVEN_PAYLOADS_MAX)) {
        await notify(payload);
      }
    } catch (error) {
      onError(error);
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
    for (const line of lines) {
      for (const group of backlog.note(line, line.count, line.waitedMs)) {
        groups.add(group);
      }
    }
    look(groups);
  }

  /** A message of another replica. What does not read as one is passed over: it is only a hint. */
  receive(payload: string): void {
    const { backlog, look } = this.#options;
    const [replica, ...words] = payload.split(' ');
    if (replica === this.#options.replica) return;
    const lines: HintedLine[] = [];
    for (const word of words) {
      const [first = '', ...rest] = word.split(':');
      if (first === 'g') {
        const [group = '', project = '', cost] = rest;
        if (Number.isFinite(Number(cost))) {
          backlog.hearGiven({ group, project, cost: Number(cost) });
        }
      } else if (first === 'f') look(backlog.freed(Number(rest[0])));
      else if (first === 'l') this.#hearLimits();
      else {
        const [sq, prio, count] = [first, ...rest].map(Number);
        if (!Number.isInteger(sq) || !Number.isInteger(prio) || !Number.isFinite(count)) continue;
        lines.push({ sq, prio, count } as HintedLine);
      }
    }
    void this.hear(lines);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#flush();
  }

  #hearLimits(): void {
    const { backlog, look } = this.#options;
    look(backlog.unpark('all'));
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => void this.#flush(), this.#options.flushMs);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const words = [
      ...wordsOf([...this.#dirty.values()]),
      ...[...this.#freed].map((sq) => `f:${sq}`),
    ];
    if (this.#areLimitsNew) words.unshift('l');
    this.#dirty.clear();
    this.#freed.clear();
    this.#areLimitsNew = false;
    try {
      for (const payload of packPayloads(this.#options.replica, words)) {
        await this.#options.notify(payload);
      }
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

export function toPayloads(replica: string, lines: readonly HintedLine[]): string[] {
  return packPayloads(replica, wordsOf(lines));
}

function wordsOf(lines: readonly HintedLine[]): string[] {
  return lines.map(
    ({ sq, prio, count }) => `${sq}:${prio}:${Number.isFinite(count) ? count : 1_000_000}`,
  );
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

/** How many of these runs stand in which line. */
export function countLines(runs: readonly Line[]): HintedLine[] {
  const lines = new Map<string, { sq: number; prio: number; count: number }>();
  for (const { sq, prio } of runs) {
    const key = `${sq}:${prio}`;
    const line = lines.get(key);
    if (line === undefined) lines.set(key, { sq, prio, count: 1 });
    else line.count += 1;
  }
  return [...lines.values()];
}
