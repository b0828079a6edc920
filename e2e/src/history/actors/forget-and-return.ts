import { setTimeout as pause } from 'node:timers/promises';

import { type Arena, SILENCE_MS } from '../arena.ts';
import type { Random } from '../random.ts';
import { claimInto } from './claim.ts';
import { createReporter } from './report.ts';
import { aborted } from './work.ts';
import { type Held, register } from './worker-session.ts';

/**
 * The only worker of its pool: falls silent with a run in hand, gets the very run again under a new
 * number in the same session, and then reports under the old one. The number alone can tell (F1).
 */
export async function forgetAndReturn(
  arena: Arena,
  random: Random,
  { playing, over }: { playing: AbortSignal; over: AbortSignal },
): Promise<void> {
  const declared = { name: 'forgetful', pool: 'solo' };
  const session = await register(arena, random, { declared, signal: over });
  if (!session) return;
  const reporter = createReporter(arena, random, { session, flat: false });
  const claim = async (): Promise<Held[]> => {
    const held = new Map<string, Held>();
    await claimInto(arena, random, { session, held, slots: 50, lose: false });
    return [...held.values()];
  };
  while (!playing.aborted) {
    const before = await claim();
    if (before.length === 0) continue;
    await Promise.race([pause(SILENCE_MS * 1.2), aborted(playing)]);
    // Whoever has nothing to do is silent too: claims that find nothing go on until the runs are back.
    const after: Held[] = [];
    for (let turn = 0; turn < 20 && after.length === 0 && !playing.aborted; turn += 1) {
      after.push(...(await claim()));
    }
    await reporter.report(before, { lose: false, honest: true });
    await reporter.report(after, { lose: false, honest: true });
  }
  let settled = false;
  while (!over.aborted) {
    if (!settled) settled = await session.reopen();
    settled &&= await reporter.report(await claim(), { lose: false, honest: true });
  }
}
