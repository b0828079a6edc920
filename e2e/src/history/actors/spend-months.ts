import { setTimeout as pause } from 'node:timers/promises';

import { formatUsd } from '@sagewai/wire';

import { bearer } from '../../harness/api.ts';
import { picoOf } from '../../harness/model-config.ts';
import { type Arena, OUTPUT_PRICE } from '../arena.ts';
import type { MovableClock } from '../movable-clock.ts';
import type { Random } from '../random.ts';
import type { Key } from './leave-stream.ts';

const KEYS = 6;
const CALLS_PER_LIMIT = 6;
const TOKENS_MAX = 60;
const BURST_MAX = 9;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So many are more than a month, however slow the machine. */
const MORNINGS_MIN = 24;

/**
 * Keys with limits of 30 days (and some of a minute) spend all that they may, in bursts on every server, now in the
 * first and now in the last hours of a day; the clock goes on by days meanwhile, sometimes in the middle of a burst.
 */
export async function spendMonths(
  arena: Arena,
  random: Random,
  { clock, signal }: { clock: MovableClock; signal: AbortSignal },
): Promise<void> {
  const keys: Key[] = [];
  for (let n = 0; n < KEYS; n += 1) keys.push(await makeKey(arena, random, n));
  let isEarly = random.chance(0.5);
  for (let mornings = 0; !signal.aborted || mornings < MORNINGS_MIN; mornings += isEarly ? 1 : 0) {
    const bursts = keys
      .filter(() => random.chance(0.6))
      .flatMap((key) =>
        Array.from({ length: random.between(1, BURST_MAX) }, () => call(arena, random, key)),
      );
    if (random.chance(0.7)) await Promise.all(bursts);
    else await pause(random.between(0, 20));
    isEarly = !isEarly;
    await clock.moveTo(
      isEarly ? nextMorning(await clock.now(), random) : evening(await clock.now(), random),
    );
    arena.journal.count(isEarly ? 'mornings' : 'evenings');
    await Promise.all(bursts);
  }
}

async function makeKey(arena: Arena, random: Random, n: number): Promise<Key> {
  const limit = BigInt(random.between(1, CALLS_PER_LIMIT) * TOKENS_MAX) * picoOf(OUTPUT_PRICE);
  const { answer } = await arena.send(random, '/api/v1/keys', {
    headers: bearer(arena.installation.secrets.administrator),
    body: {
      name: `months ${n}`,
      budget: { usd_per_30_days: formatUsd(limit), cap: random.chance(0.5) },
      ...(random.chance(0.3) ? { tokens_per_minute: 200, requests_per_minute: 5 } : {}),
    },
  });
  if (answer?.status !== 201) throw new Error(`no key: ${answer?.status} ${answer?.text}`);
  return answer.json as Key;
}

async function call(arena: Arena, random: Random, { key }: Key): Promise<void> {
  const { answer } = await arena.send(random, '/v1/chat/completions', {
    headers: bearer(key),
    body: {
      model: random.pick(['exact', 'exact', 'full', 'half']),
      messages: [{ role: 'user', content: 'x' }],
      max_tokens: random.between(16, TOKENS_MAX),
    },
  });
  if (answer?.status === 200) arena.journal.count('calls');
  if (answer?.status === 429) arena.journal.count('out of money');
}

const nextMorning = (now: Date, random: Random): Date =>
  new Date((Math.floor(now.getTime() / DAY_MS) + random.between(1, 2)) * DAY_MS + within(random));

const evening = (now: Date, random: Random): Date =>
  new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS + 22 * HOUR_MS + within(random));

/** Two hours of it. */
const within = (random: Random): number => Math.floor(random.next() * 2 * HOUR_MS);
