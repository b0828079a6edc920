import type { Schedule } from './schedules.sql.ts';

/** What becomes of an instant while runs of its schedule go on. */
export type Overlapping =
  /** It is submitted, and so many of the oldest that go on are cancelled. */
  | { readonly kind: 'submit'; readonly cancel: number }
  | { readonly kind: 'skip' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'refuse'; readonly why: string };

/** `isHolding`: an instant is held already. */
export function decideOverlap(
  { overlap, overlapMax }: Pick<Schedule, 'overlap' | 'overlapMax'>,
  { active, isHolding }: { readonly active: number; readonly isHolding: boolean },
): Overlapping {
  const tooMany = active - overlapMax + 1;
  switch (overlap) {
    case 'allow':
      return { kind: 'submit', cancel: 0 };
    case 'skip':
      return tooMany > 0 || isHolding ? { kind: 'skip' } : { kind: 'submit', cancel: 0 };
    case 'queue_one':
      if (isHolding) return { kind: 'skip' };
      return active > 0 ? { kind: 'hold' } : { kind: 'submit', cancel: 0 };
    case 'cancel_running':
      return { kind: 'submit', cancel: active };
    case 'cancel_oldest':
      return { kind: 'submit', cancel: Math.max(0, tooMany) };
    case 'refuse_new':
      if (tooMany <= 0) return { kind: 'submit', cancel: 0 };
      return { kind: 'refuse', why: `${active} of its runs go on; ${overlapMax} may` };
  }
}
