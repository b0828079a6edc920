import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { Forward } from '../calls/forward.ts';
import type { CallerDetail, SlotLimit } from '../keys/virtual-key.ts';
import { giveSlotsBack, takeSlots } from './slots.sql.ts';

/**
 * Keys, teams and people that may have only so many calls under way, on all replicas together: each call
 * holds a slot from before it is reserved until it is answered. Whoever is killed holds it no longer
 * than `ttlMs`. Calls of others ask nobody.
 */
export function withSlots(
  forward: Forward,
  { db, log, ttlMs }: { readonly db: Db; readonly log: Log; readonly ttlMs: number },
): Forward {
  return (input, format) => {
    const { policy } = input.caller.detail as CallerDetail;
    const { orgId } = input.caller;
    if (policy === null || policy.slots.length === 0 || orgId === null)
      return forward(input, format);
    const call = { orgId, callId: newId(), slots: policy.slots };
    return (async () => {
      const full = await takeSlots(db, call, ttlMs);
      if (full !== null) throw isFull(full);
      try {
        await forward(input, format);
      } finally {
        await giveSlotsBack(db, call).catch((error: unknown) => {
          log.warn('the slot of a call stays taken until it expires', { call: call.callId, error });
        });
      }
    })();
  };
}

function isFull({ kind, id, max }: SlotLimit): Fault {
  const what = kind === 'person' ? 'user' : kind;
  return new Fault('rate.exceeded', `no slot of ${kind} ${id} is left`, {
    detail: `Max parallel requests limit reached: ${max} of ${max} calls of this ${what} are under way.`,
  });
}
