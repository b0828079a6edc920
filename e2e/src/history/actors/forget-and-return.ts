import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import { type Arena, SILENCE_MS } from '../arena.ts';
import type { Random } from '../random.ts';
import { claimInto } from './claim.ts';
import { createReporter } from './report.ts';
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
  const declared = { name: 'forgetful', pool: 'solo', models: ['full'] };
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
    // Any request of its own would be a sign of life: the administrator looks whether the runs are back.
    await untilTakenBack(arena, random, { runId: before[0]?.runId ?? '', playing });
    const after = await claim();
    await reporter.report(before, { lose: false, honest: true });
    await reporter.report(after, { lose: false, honest: true });
  }
  let settled = false;
  while (!over.aborted) {
    if (!settled) settled = await session.reopen();
    settled &&= await reporter.report(await claim(), { lose: false, honest: true });
  }
}

const LOOK_MS = 100;
const LOOKS_MAX = (4 * SILENCE_MS) / LOOK_MS;

async function untilTakenBack(
  arena: Arena,
  random: Random,
  { runId, playing }: { runId: string; playing: AbortSignal },
): Promise<void> {
  const headers = bearer(arena.installation.secrets.administrator);
  for (let looks = 0; looks < LOOKS_MAX && !playing.aborted; looks += 1) {
    const { answer } = await arena.send(random, `/api/v1/runs/${runId}`, { headers });
    if (answer?.status === 200 && answer.json.state !== 'running') {
      arena.journal.count('taken back');
      return;
    }
    await pause(LOOK_MS);
  }
}
