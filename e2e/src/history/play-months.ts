import { setTimeout as pause } from 'node:timers/promises';

import type { Stage } from '../harness/stage.ts';
import { spendMonths } from './actors/spend-months.ts';
import { openArena } from './arena.ts';
import { checkHistory } from './check-history.ts';
import { makeClockMovable } from './movable-clock.ts';
import { applyMutant } from './mutants.ts';
import { type PlayOptions, untilAtRest, type Verdict } from './play.ts';
import { createRandom } from './random.ts';
import { readFinalState } from './read-final-state.ts';

const REST_SECONDS_MAX = 20;

/** A history of months: of limits whose days come and go while servers admit. */
export async function playMonths(stage: Stage, options: PlayOptions): Promise<Verdict> {
  const { seed, seconds, servers = 2, redis = false, mutant } = options;
  const arena = await openArena(stage, { servers, redis, journal: false });
  const { adminUrl } = arena.postgres;
  if (mutant) await applyMutant(adminUrl, mutant);
  const clock = await makeClockMovable(adminUrl);
  stage.defer('the clock', () => clock.close());
  const playing = new AbortController();
  const spending = spendMonths(arena, createRandom(seed), { clock, signal: playing.signal });
  await Promise.race([pause(seconds * 1_000), spending]).finally(() => playing.abort());
  await spending;
  await untilAtRest(arena, 1_000 * (options.restSeconds ?? REST_SECONDS_MAX));
  const broken = checkHistory(arena.journal.events, await readFinalState(adminUrl));
  return { seed, counts: arena.journal.counts, broken };
}
