import type { WorkerState } from '@sagewai/wire';

/** What a person decides about a worker. */
export type WorkerDecision = 'approve' | 'reject' | 'revoke' | 'evict' | 'ban' | 'unlock';

interface Transition {
  readonly to: WorkerState;
  readonly from: readonly WorkerState[];
  /** Why the worker's runs go to others at once; null: it has none, or keeps them. */
  readonly takesBack: string | null;
}

/** Each decision, and the states that it may be made in. */
export const TRANSITIONS = {
  approve: { to: 'approved', from: ['pending'], takesBack: null },
  reject: { to: 'rejected', from: ['pending'], takesBack: null },
  revoke: { to: 'revoked', from: ['approved', 'locked'], takesBack: 'the worker was revoked' },
  evict: {
    to: 'evicted',
    from: ['pending', 'approved', 'locked', 'revoked'],
    takesBack: 'the worker was evicted',
  },
  ban: {
    to: 'banned',
    from: ['pending', 'approved', 'rejected', 'revoked', 'locked', 'evicted'],
    takesBack: 'the worker was banned',
  },
  unlock: { to: 'approved', from: ['locked'], takesBack: null },
} as const satisfies Record<WorkerDecision, Transition>;

/** How the first and the second approval of a worker go together, where it takes two people. */
export type Approval =
  | { readonly kind: 'decides' }
  | { readonly kind: 'first' }
  | { readonly kind: 'same_person' };

export function judgeApproval(needsTwo: boolean, firstBy: string | null, by: string): Approval {
  if (!needsTwo) return { kind: 'decides' };
  if (firstBy === null) return { kind: 'first' };
  return firstBy === by ? { kind: 'same_person' } : { kind: 'decides' };
}
