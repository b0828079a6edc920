import { readdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { answerWaits } from './actors/answer-waits.ts';
import { breakThings, type Fault } from './actors/break-things.ts';
import { callModels } from './actors/call.ts';
import { forgetAndReturn } from './actors/forget-and-return.ts';
import { redriveDead } from './actors/redrive-dead.ts';
import { schedule } from './actors/schedule.ts';
import { submitRuns } from './actors/submit.ts';
import { work } from './actors/work.ts';
import type { Declared } from './actors/worker-session.ts';
import { type Arena, openArena } from './arena.ts';
import { checkHistory } from './check-history.ts';
import { applyMutant, type Mutant } from './mutants.ts';
import { createRandom } from './random.ts';
import { countUnsettled, readFinalState } from './read-final-state.ts';

export interface PlayOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly servers?: number;
  /** Whether the servers have a Redis, which dies and comes back. Default: no. */
  readonly redis?: boolean;
  /** Whether the servers have a journal of settlements. Default: those of even seeds. */
  readonly journal?: boolean;
  /** Kills, stops and restarts. Default: yes. A mutant that needs some has these. */
  readonly faults?: boolean;
  /** How long everything may take to come to rest. */
  readonly restSeconds?: number;
  /** Changed in the database before anybody comes. */
  readonly mutant?: Mutant;
}

export interface Verdict {
  readonly seed: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Broken promises; none is a pass. */
  readonly broken: readonly string[];
}

const SUBMITTERS = 3;
const CALLERS = 5;
/** Its calls are admitted from shares. */
const RICH_CALLER = 4;
const WORKERS = 5;
const REST_SECONDS_MAX = 60;

/** Plays one history to its end, lets everything come to rest, and judges it. */
export async function playHistory(stage: Stage, options: PlayOptions): Promise<Verdict> {
  const { seed, seconds, servers = 2, redis = false, mutant } = options;
  const faults = mutant?.faults ?? ((options.faults ?? true) ? undefined : []);
  const restMsMax = 1_000 * (options.restSeconds ?? REST_SECONDS_MAX);
  const losesJournal = mutant !== undefined && 'losesJournal' in mutant;
  const journal = losesJournal || (options.journal ?? seed % 2 === 0);
  const arena = await openArena(stage, { servers, redis, journal });
  const { adminUrl } = arena.postgres;
  if (mutant) await applyMutant(adminUrl, mutant);
  const random = createRandom(seed);
  const playing = new AbortController();
  const over = new AbortController();
  const actor = <T>(name: string, act: (own: typeof random) => Promise<T>): Promise<T> =>
    act(random.fork(name));

  const { signal } = playing;
  const troubles =
    faults?.length === 0
      ? []
      : [
          actor('faults', (own) =>
            breakThings(arena, own, { signal, losesJournal, ...kindsOf(faults) }),
          ),
        ];
  const clients = [
    ...Array.from({ length: SUBMITTERS }, (_, n) =>
      actor(`client ${n}`, (own) =>
        submitRuns(arena, own, { name: `client-${n}`, signal: playing.signal }),
      ),
    ),
    ...Array.from({ length: CALLERS }, (_, n) =>
      actor(`caller ${n}`, (own) =>
        callModels(arena, own, {
          name: `caller-${n}`,
          signal: playing.signal,
          rich: n === RICH_CALLER,
        }),
      ),
    ),
    actor('answers', (own) => answerWaits(arena, own, { signal: playing.signal })),
    actor('redrives', (own) => redriveDead(arena, own, { signal: playing.signal })),
    actor('schedule', (own) => schedule(arena, own, { signal: playing.signal })),
  ];
  const signals = { playing: playing.signal, over: over.signal };
  const workers = [
    ...Array.from({ length: WORKERS }, (_, n) =>
      actor(`worker ${n}`, (own) =>
        work(arena, own, { declared: declaredBy(n), flat: n === 1, ...signals }),
      ),
    ),
    actor('forgetful', (own) => forgetAndReturn(arena, own, signals)),
  ];
  const everybody = Promise.all([...troubles, ...clients, ...workers]);
  try {
    // An actor that fails ends the play at once; the time alone ends it well.
    await Promise.race([pause(seconds * 1_000), everybody]);
    playing.abort();
    await Promise.all([...troubles, ...clients]);
    await Promise.race([everybody, untilAtRest(arena, restMsMax)]);
  } finally {
    playing.abort();
    over.abort();
    await Promise.allSettled([everybody]);
  }
  await everybody;
  const broken = checkHistory(arena.journal.events, await readFinalState(adminUrl));
  return { seed, counts: arena.journal.counts, broken };
}

const kindsOf = (kinds: readonly Fault[] | undefined): { readonly kinds?: readonly Fault[] } =>
  kinds === undefined ? {} : { kinds };

/** Two pools, labels that only some have, and a model that the last does not have; the second is older. */
const declaredBy = (n: number): Declared => {
  const name = `worker-${n}`;
  const models = [n === WORKERS - 1 ? 'half' : 'full'];
  return n % 2 === 0
    ? { name, pool: 'default', models }
    : { name, pool: 'gpu', models, labels: { tier: 'production', n: String(n) } };
};

/** Nothing is queued or leased, and every call is settled or has expired, also those of journals. */
export async function untilAtRest(
  { postgres, servers, journalDirectory }: Arena,
  msMax: number,
): Promise<void> {
  let left = { runs: 0, calls: 0, journals: 0 };
  await waitUntil(
    async () => {
      const files = journalDirectory === null ? [] : await readdir(journalDirectory);
      const ofKilled = files.filter((file) => file.endsWith('.journal')).length - servers.length;
      left = { ...(await countUnsettled(postgres.adminUrl)), journals: Math.max(0, ofKilled) };
      return left.runs === 0 && left.calls === 0 && left.journals === 0;
    },
    { msMax, otherwise: () => `not at rest: ${JSON.stringify(left)}` },
  ).catch((error: unknown) => {
    // What never ends is a broken promise, for the check to name.
    console.error(String(error));
  });
}
