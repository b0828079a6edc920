import type { KeyObject } from 'node:crypto';

import {
  hashPassword,
  matchPassword,
  type PasswordCost,
  type PasswordMatch,
} from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';

/** Each takes the memory of its cost and a thread: more at once would take both from everything else. */
const AT_ONCE = 2;
const WAITING_MAX = 64;

/** Makes and matches the hashes of passwords, few at once (A2). */
export interface PasswordKeeper {
  hash(password: string): Promise<string>;
  /** Null: there is no such account; it takes as long as one that is there (A3). */
  match(password: string, hashed: string | null): Promise<PasswordMatch>;
}

export function createPasswordKeeper(of: {
  readonly cost: PasswordCost;
  readonly pepper: KeyObject;
}): PasswordKeeper {
  const inTurn = createTurns();
  let nobodys: Promise<string> | undefined;
  return {
    hash: (password) => inTurn(() => hashPassword(password, of)),
    match: async (password, hashed) => {
      nobodys ??= hashPassword('nobody has this password', of);
      const against = hashed ?? (await nobodys);
      const match = await inTurn(() => matchPassword(password, against, of));
      return hashed === null ? { kind: 'wrong' } : match; // A3
    },
  };
}

function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING_MAX) {
        throw new Fault('service.busy', 'too many passwords at once', { retryAfterMs: 1_000 });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
