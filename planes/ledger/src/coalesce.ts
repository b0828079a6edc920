/**
 * Group commit: what arrives while a batch is under way makes up the next one. The busier it gets, the
 * larger the batches, and the less each item costs.
 *
 *   C1. Items are committed in the order in which they came, each in exactly one batch at a time.
 *   C2. What is wrong with one item fails that item: a batch that the database refuses is tried again
 *       one by one, since a refused statement has changed nothing.
 *   C3. A database that is away is not asked again for each item.
 *   C4. The queue is bounded; beyond it an item is refused at once.
 *   C5. While others wait, the next batch is sent before the answers of the last are told: what the
 *       callers do with them takes as long as a commit, and the database would wait for it.
 *   C6. Items that can wait are gathered for a moment, unless nothing was under way when they came.
 */
import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';

import { isRefusedStatement } from './name-failure.ts';
import type { EndTurn, TakeTurn } from './take-turns.ts';

const RETRY_AFTER_MS = 1_000;

export interface CoalesceOptions<Item, Answer> {
  readonly commit: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Waited for before each commit; what arrives meanwhile is part of it. */
  readonly takeTurn: TakeTurn;
  readonly clock: Clock;
  readonly batchMax: number;
  readonly queueMax: number;
  /** A batch that failed for no item's fault: true tries it again (safe only if commits repeat). */
  readonly retries?: (failedForMs: number, attempt: number) => Promise<boolean>;
  /** After so long in the queue or in a batch the item fails; what its batch does later is told below. */
  readonly patienceMs?: number;
  /** An item whose caller was told that it failed, and which was or may have been committed. */
  readonly onAbandoned?: (item: Item, outcome: Abandonment<Answer>) => void;
  readonly onBatch?: (size: number, seconds: number) => void;
  /** C6. While nobody presses, a further batch waits so long for so many items. */
  readonly gather?: { readonly ms: number; readonly count: number } | null;
}

export type Abandonment<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'open'; readonly error: unknown };

export interface Coalescer<Item, Answer> {
  /** One that can wait does not press (C6), and is not refused for the length of the queue. */
  add(item: Item, canWait?: boolean): Promise<Answer>;
  readonly queued: number;
  /** Refuses further items and resolves when all that were accepted have been answered. */
  close(): Promise<void>;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly sinceMs: number;
  readonly canWait: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export function coalesce<Item, Answer>(
  options: CoalesceOptions<Item, Answer>,
): Coalescer<Item, Answer> {
  const { clock, batchMax, queueMax, patienceMs = Infinity, gather } = options;
  let queue: Waiting<Item, Answer>[] = [];
  let running: Promise<void> | null = null;
  let isClosed = false;
  let telling: Promise<void> | null = null;
  let pressing = 0;
  let endGathering: (() => void) | null = null;

  /** C5. The statement is on its way when the turn of the event loop ends. */
  const tell = (answer: () => void): void => {
    if (queue.length === 0 && telling === null) return answer();
    const told = new Promise<void>((resolve) => {
      setImmediate(() => {
        answer();
        if (telling === told) telling = null;
        resolve();
      });
    });
    telling = told;
  };

  const drain = async (): Promise<void> => {
    // Whatever else arrives in this turn of the event loop belongs to the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    for (let isFirst = true; queue.length > 0; isFirst = false) {
      if (!isFirst) await gathered();
      const endTurn = await turnOrPatience();
      const batch = queue.slice(0, batchMax); // C1
      queue = queue.slice(batchMax);
      pressing = queue.filter(({ canWait }) => !canWait).length;
      if (batch.length > 0) await commitBatch(batch, withTurn(options, endTurn), tell);
      else endTurn();
      if (queue.length === 0) await telling;
    }
    running = null;
  };

  const isEnough = (): boolean =>
    !gather || isClosed || pressing > 0 || queue.length >= gather.count;

  /** C6 */
  const gathered = async (): Promise<void> => {
    const oldest = queue[0];
    if (!gather || !oldest || isEnough()) return;
    const waitMs = gather.ms - (clock.monotonicMs() - oldest.sinceMs);
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      endGathering = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    endGathering = null;
  };

  /** Whoever has waited too long for a turn is told so, and does not hold up the others. */
  const turnOrPatience = async (): Promise<EndTurn> => {
    const turn = options.takeTurn();
    for (;;) {
      const ours = patienceMs === Infinity ? await turn : await within(turn, patienceMs);
      const isLate = ({ sinceMs }: Waiting<Item, Answer>): boolean =>
        clock.monotonicMs() - sinceMs > patienceMs;
      for (const { reject } of queue.filter(isLate)) reject(tooLate());
      queue = queue.filter((each) => !isLate(each));
      if (ours !== null) return ours;
    }
  };

  return {
    add: (item, canWait = false) => {
      if (isClosed) return Promise.reject(new Fault('service.draining', 'the ledger is closing'));
      if (queue.length >= queueMax && !canWait) {
        return Promise.reject(new Fault('service.busy', `${queueMax} calls wait for the ledger`)); // C4
      }
      return new Promise((resolve, reject) => {
        queue.push({ item, sinceMs: clock.monotonicMs(), canWait, resolve, reject });
        if (!canWait) pressing += 1;
        running ??= drain();
        if (endGathering !== null && isEnough()) endGathering();
      });
    },
    get queued() {
      return queue.length;
    },
    close: async () => {
      isClosed = true;
      endGathering?.();
      await running;
    },
  };
}

/** The turn that is held is for the first commit; each further one, of a retry, takes its own. */
function withTurn<Item, Answer>(
  options: CoalesceOptions<Item, Answer>,
  first: EndTurn,
): CoalesceOptions<Item, Answer> {
  let held: EndTurn | null = first;
  return {
    ...options,
    commit: async (items) => {
      const endTurn = held ?? (await options.takeTurn());
      held = null;
      try {
        return await options.commit(items);
      } finally {
        endTurn();
      }
    },
  };
}

/** Null when the wait is over before the turn has come. */
async function within(turn: Promise<EndTurn>, waitMs: number): Promise<EndTurn | null> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), waitMs);
  });
  return Promise.race([turn, elapsed]).finally(() => clearTimeout(timer));
}

/** Answers every item; never rejects. */
async function commitBatch<Item, Answer>(
  batch: readonly Waiting<Item, Answer>[],
  options: CoalesceOptions<Item, Answer>,
  tell: (answer: () => void) => void,
): Promise<void> {
  const { clock, commit, retries, onBatch } = options;
  const startedMs = clock.monotonicMs();
  for (let attempt = 1; ; attempt++) {
    const committing = commit(batch.map(({ item }) => item));
    try {
      const answers = await withPatience(committing, batch, options);
      onBatch?.(batch.length, (clock.monotonicMs() - startedMs) / 1000);
      tell(() => {
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
      });
      return;
    } catch (error) {
      if (!(error instanceof Abandoned) && isRefusedStatement(error)) {
        if (batch.length === 1) batch[0]?.reject(error);
        else for (const each of batch) await commitBatch([each], options, tell); // C2
        return;
      }
      const failedForMs = clock.monotonicMs() - startedMs;
      if ((await retries?.(failedForMs, attempt)) === true) continue;
      for (const { reject, item } of batch) {
        reject(
          new Fault('service.unavailable', 'the ledger could not commit', {
            cause: error,
            retryAfterMs: RETRY_AFTER_MS,
          }),
        ); // C3
        if (!(error instanceof Abandoned)) options.onAbandoned?.(item, { kind: 'open', error });
      }
      return;
    }
  }
}

class Abandoned extends Error {}

/** Stops waiting for a batch after a while. What it still answers is told to `onAbandoned`. */
async function withPatience<Item, Answer>(
  committing: Promise<readonly Answer[]>,
  batch: readonly Waiting<Item, Answer>[],
  { patienceMs = Infinity, onAbandoned }: CoalesceOptions<Item, Answer>,
): Promise<readonly Answer[]> {
  if (patienceMs === Infinity) return committing;
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Abandoned('no answer from the database'));
      committing.then(
        (answers) => {
          for (const [index, { item }] of batch.entries()) {
            onAbandoned?.(item, { kind: 'answered', answer: answers[index] as Answer });
          }
        },
        (error: unknown) => {
          for (const { item } of batch) onAbandoned?.(item, { kind: 'open', error });
        },
      );
    }, patienceMs);
  });
  return Promise.race([committing, elapsed]).finally(() => clearTimeout(timer));
}

const tooLate = (): Fault =>
  new Fault('service.unavailable', 'waited too long for the ledger', {
    retryAfterMs: RETRY_AFTER_MS,
  });
