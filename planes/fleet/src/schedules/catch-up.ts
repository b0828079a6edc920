import { createHash } from 'node:crypto';

export interface CatchUp {
  readonly rule: 'none' | 'latest' | 'all';
  readonly max: number;
  /** An instant that passed no longer ago is not late. */
  readonly lateMs: number;
}

export interface Decided {
  readonly at: Date;
  readonly verdict: 'fire' | 'miss';
}

/** What becomes of instants that have passed, in their order. */
export function decideInstants(
  passed: readonly Date[],
  now: Date,
  { rule, max, lateMs }: CatchUp,
): Decided[] {
  const isLate = (at: Date): boolean => now.getTime() - at.getTime() > lateMs;
  const late = passed.filter(isLate);
  const hasPunctual = late.length < passed.length;
  const madeUpFor = rule === 'all' ? max : rule === 'latest' && !hasPunctual ? 1 : 0;
  const missed = new Set(late.slice(0, Math.max(0, late.length - madeUpFor)));
  return passed.map((at) => ({ at, verdict: missed.has(at) ? 'miss' : 'fire' }));
}

/** How much later a run of this instant is queued: the same whenever it is asked. */
export function jitterOf(scheduleId: string, at: Date, maxMs: number): number {
  if (maxMs === 0) return 0;
  const digest = createHash('sha256').update(`${scheduleId} ${at.toISOString()}`).digest();
  return digest.readUInt32BE(0) % (maxMs + 1);
}
