import { setTimeout as pause } from 'node:timers/promises';

import { waitUntil } from '../../harness/wait-until.ts';
import { type Arena, SILENCE_MS } from '../arena.ts';
import type { Random } from '../random.ts';
import { aborted } from './work.ts';

const FAULTS = ['kill a server', 'stop a server', 'restart PostgreSQL', 'lose Redis'] as const;
type Fault = (typeof FAULTS)[number];

/** A PostgreSQL that dies more often is given up, as it should be. */
const RESTARTS_MAX = 4;
const RESTARTS_WINDOW_MS = 60_000;
const RESTART_MS_MAX = 30_000;

/** One fault after another, each mended before the next; in the end everything runs. */
export async function breakThings(
  arena: Arena,
  random: Random,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { servers, journal, postgres, redis } = arena;
  const faults = FAULTS.filter((fault): fault is Fault => fault !== 'lose Redis' || redis !== null);
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
      // Longer than workers may be silent: it comes back to a world that went on without it.
      server.process().send('SIGSTOP');
      await pause(SILENCE_MS * (1 + random.next()));
      server.process().send('SIGCONT');
    } else if (fault === 'lose Redis') {
      await redis?.kill();
      await pause(random.between(0, 1_500));
      await redis?.start();
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
