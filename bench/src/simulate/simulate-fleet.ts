import { openConnections } from './connections.ts';
import { type Around, enrollWorker, type Tally, type WorkerPlan } from './simulated-worker.ts';

export interface FleetPlan extends Omit<WorkerPlan, 'name' | 'pool'> {
  readonly url: string;
  readonly workers: number;
  /** Workers are spread over them. */
  readonly pools: readonly string[];
  /** Certificates of a private authority, PEM. */
  readonly ca?: string | null;
  readonly onLease?: (runId: string) => void;
}

export interface SimulatedFleet {
  readonly tally: Readonly<Tally>;
  connections(): number;
  /** Cuts every poll and waits for all of them to end. */
  stop(): Promise<void>;
}

const REGISTRATIONS_AT_ONCE = 32;

/**
 * Workers as the server sees them, each with its own token, poll and heartbeat over real HTTP, all in this
 * process. Resolves when every one is enrolled and polls.
 */
export async function simulateFleet(plan: FleetPlan): Promise<SimulatedFleet> {
  const connections = openConnections(plan.url, plan.ca ?? null);
  const stop = new AbortController();
  const tally: Tally = {
    enrolled: 0,
    waiting: 0,
    claimed: 0,
    reported: 0,
    heartbeats: 0,
    failures: 0,
    putOff: 0,
  };
  const { post } = connections;
  const onLease = plan.onLease ?? ((): void => undefined);
  const around: Around = { post, tally, signal: stop.signal, onLease };
  const lives: Promise<void>[] = [];
  let next = 0;
  const enrollSome = async (): Promise<void> => {
    while (next < plan.workers) {
      const number = next++;
      const pool = plan.pools[number % plan.pools.length] ?? 'default';
      const worker = await enrollWorker({ ...plan, name: `simulated-${number}`, pool }, around);
      lives.push(worker.live());
    }
  };
  await Promise.all(Array.from({ length: REGISTRATIONS_AT_ONCE }, enrollSome));
  return {
    tally,
    connections: () => connections.open(),
    stop: async () => {
      stop.abort();
      await Promise.all(lives);
      connections.close();
    },
  };
}
