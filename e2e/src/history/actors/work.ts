import { setTimeout as pause } from 'node:timers/promises';

import { type Arena, SILENCE_MS } from '../arena.ts';
import type { Random } from '../random.ts';
import { cancelRun } from './cancel.ts';
import { submitChildren } from './children.ts';
import { claimInto } from './claim.ts';
import { createReporter } from './report.ts';
import { beginWait, handBack } from './wait.ts';
import { type Declared, type Held, register } from './worker-session.ts';

/** How a worker behaves while the history plays, and how it ends it. */
export interface WorkOptions {
  readonly declared: Declared;
  /** One run at a time, without epochs in its reports: a worker of an older version. */
  readonly flat: boolean;
  /** While it lasts, everything may go wrong. */
  readonly playing: AbortSignal;
  /** Until it aborts, the worker then honestly works off what is left. */
  readonly over: AbortSignal;
}

/**
 * A worker that claims, reports (late, twice, for leases that it has lost), beats with what it believes
 * to hold, opens sessions, loses answers and falls silent for longer than it may.
 */
export async function work(arena: Arena, random: Random, options: WorkOptions): Promise<void> {
  const { declared, flat, playing, over } = options;
  const session = await register(arena, random, { declared, signal: over });
  if (!session) return;
  const held = new Map<string, Held>();
  const reporter = createReporter(arena, random, { session, flat });
  const claim = async (slots: number, lose: boolean): Promise<void> => {
    await claimInto(arena, random, { session, held, slots: flat ? null : slots, lose });
    // A report without an epoch is of the lease that its worker has now.
    if (flat) reporter.forgetBefore([...held.values()]);
  };

  /** What it held is no longer its own, as far as it knows; it will say so late all the same. */
  const forget = (): void => {
    for (const lease of held.values()) reporter.remember(lease);
    held.clear();
  };

  const beat = async (): Promise<void> => {
    const named = [...held.values()];
    const body = { runs: named.map(({ runId, epoch }) => ({ run_id: runId, epoch })) };
    const { answer, sentMs } = await session.post('/api/v1/fleet/heartbeat', body);
    if (answer?.status !== 200) return;
    const lost = new Set(answer.json.lost as string[]);
    for (const lease of named) {
      if (lost.has(lease.runId)) {
        held.delete(lease.runId);
        reporter.remember(lease);
      } else {
        const { runId, epoch } = lease;
        arena.journal.record({ kind: 'confirmed', runId, epoch, sentMs });
      }
    }
  };

  /** Waits with one of its runs, or hands some back, and reports about them late all the same. */
  const giveUp = async (): Promise<void> => {
    const leases = take(held, random);
    const [first, ...rest] = leases;
    if (first === undefined) return;
    await beginWait(arena, random, { session, lease: first });
    if (random.chance(0.5)) await handBack(arena, random, { session, leases: rest });
    for (const lease of leases) reporter.remember(lease);
  };

  /** Submits runs under one of its own, and is cancelled, goes on, or waits for them. */
  const haveChildren = async (): Promise<void> => {
    const lease = random.any([...held.values()]);
    if (lease === null) return;
    await submitChildren(arena, random, lease);
    if (random.chance(0.3)) return cancelRun(arena, random, lease.runId);
    if (random.chance(0.3)) return;
    held.delete(lease.runId);
    await beginWait(arena, random, { session, lease, forWhat: 'children' });
    reporter.remember(lease);
  };

  while (!playing.aborted) {
    const die = random.next();
    if (die < 0.35) await claim(random.between(1, 8), random.chance(0.1));
    else if (die < 0.66) await reporter.report(take(held, random), { lose: random.chance(0.1) });
    else if (die < 0.75) await reporter.late();
    else if (die < 0.85) await beat();
    else if (die < 0.9 && !flat) await giveUp();
    else if (die < 0.93 && !flat) await haveChildren();
    else if (die < 0.95) {
      forget();
      await session.reopen();
    } else if (die < 0.965) {
      arena.journal.count('silences');
      await Promise.race([pause(SILENCE_MS * 1.5), aborted(playing)]);
    }
    await pause(random.between(1, 25));
  }

  // A lease whose answer was lost is nobody's; a new session gives such back.
  let settled = false;
  while (!over.aborted) {
    forget();
    if (!settled) settled = await session.reopen();
    await reporter.late();
    await claim(20, false);
    settled &&= await reporter.report([...held.values()], { lose: false, honest: true });
    held.clear();
  }
}

/** Some of what it holds; what is reported is held no longer, whatever the answer. */
function take(held: Map<string, Held>, random: Random): Held[] {
  const taken = [...held.values()].slice(0, random.between(1, 6));
  for (const { runId } of taken) held.delete(runId);
  return taken;
}

export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
