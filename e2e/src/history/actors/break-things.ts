import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import pg from 'pg';

import { waitUntil } from '../../harness/wait-until.ts';
import { type Arena, SILENCE_MS } from '../arena.ts';
import type { Random } from '../random.ts';
import { aborted } from './work.ts';

/** The last two only where there is what they are about. */
const FAULTS = [
  'kill a server',
  'stop a server',
  'restart PostgreSQL',
  'lose Redis',
  'kill a server that cannot book',
] as const;
export type Fault = (typeof FAULTS)[number];

/** A PostgreSQL that dies more often is given up, as it should be. */
const RESTARTS_MAX = 4;
const RESTARTS_WINDOW_MS = 60_000;
const RESTART_MS_MAX = 30_000;
/** How long it is waited until calls are admitted from shares, and until some are in a journal alone. */
const SHARES_MS_MAX = 3_000;
const UNBOOKED_MS_MAX = 1_000;

/** One fault after another, of all or of some kinds, each mended before the next; in the end everything runs. */
export async function breakThings(
  arena: Arena,
  random: Random,
  {
    signal,
    kinds = FAULTS,
    losesJournal = false,
  }: { signal: AbortSignal; kinds?: readonly Fault[]; losesJournal?: boolean },
): Promise<void> {
  const { servers, journal, postgres, redis, journalDirectory } = arena;
  const faults = kinds.filter((fault): fault is Fault => {
    if (fault === 'kill a server that cannot book') return journalDirectory !== null;
    return fault !== 'lose Redis' || redis !== null;
  });

  const restarts: number[] = [];
  while (!signal.aborted) {
    await Promise.race([pause(random.between(500, 2_500)), aborted(signal)]);
    if (signal.aborted) return;
    const recent = restarts.filter((atMs) => journal.nowMs() - atMs < RESTARTS_WINDOW_MS).length;
    const chosen = random.any(faults) ?? FAULTS[0];
    const fault = chosen === 'restart PostgreSQL' && recent >= RESTARTS_MAX ? FAULTS[0] : chosen;
    const server = random.pick(servers);
    journal.count(fault);
    if (fault === 'kill a server') {
      await server.kill();
      await pause(random.between(0, 800));
      server.start();
    } else if (fault === 'stop a server') {
      // Longer than workers may be silent, and than calls may be open: it comes back to a world that went on
      // without it.
      server.process().send('SIGSTOP');
      await pause(SILENCE_MS * (1 + 2 * random.next()));
      server.process().send('SIGCONT');
    } else if (fault === 'lose Redis') {
      await redis?.kill();
      await pause(random.between(0, 1_500));
      await redis?.start();
    } else if (fault === 'kill a server that cannot book') {
      // What is answered meanwhile is in the journal of a server alone.
      const letBook = await holdBookings(postgres.adminUrl, signal);
      const isThere = (): Promise<boolean> => hasUnbooked(server.url);
      const since = performance.now();
      while (performance.now() - since < UNBOOKED_MS_MAX && !(await isThere())) await pause(10);
      if (await isThere()) journal.count('killed with a journal');
      await server.kill();
      if (losesJournal && journalDirectory !== null)
        await rm(journalDirectory, { recursive: true });
      await letBook();
      server.start();
    } else {
      // Immediate shutdown: as a crash, with recovery from the log.
      restarts.push(journal.nowMs());
      const { pid } = postgres;
      process.kill(pid, 'SIGQUIT');
      // Servers may look ready until they notice; the next fault must find another process.
      await waitUntil(() => postgres.pid !== pid, {
        msMax: RESTART_MS_MAX,
        otherwise: 'PostgreSQL does not come back',
      });
    }
    await Promise.all(servers.map((one) => one.ready()));
  }
}

/** Statements that book calls wait from now on, until what is returned is called; all others go on. */
async function holdBookings(adminUrl: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  const since = performance.now();
  while (!signal.aborted && performance.now() - since < SHARES_MS_MAX) {
    const { rowCount } = await client.query('select from share where amount > 0 limit 1');
    if (rowCount !== 0) break;
    await pause(10);
  }
  await client.query('begin; lock table spend in share mode');
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}

/** Whether a server has answered what the database does not have. */
async function hasUnbooked(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/metrics`).catch(() => null);
  return /^sagewai_ledger_journal_unbooked [1-9]/m.test((await answer?.text()) ?? '');
}
