import { type Latencies, measureLatency } from './claim-latency.ts';
import { type Contender, type Mode, MODES } from './contender.ts';
import type { Sample } from './figures.ts';
import type { OurFleet, OurWorker } from './our-fleet.ts';

export interface Throughput {
  readonly samples: readonly Sample[];
  /** Runs of ours that were not accepted exactly once. */
  readonly mistakes: number;
}

/** Every contender in both modes, A B C A B C …, after a first round that only warms up. */
export async function measureThroughput(
  contenders: readonly Contender[],
  { rounds, jobs }: { rounds: number; jobs: Readonly<Record<Mode, number>> },
): Promise<Throughput> {
  const samples: Sample[] = [];
  let mistakes = 0;
  const turns = MODES.flatMap((mode) => contenders.map((contender) => ({ mode, contender })));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { mode, contender } of turns) {
      // One at a time: two at once would measure each other.
      const passage = await contender.pass(jobs[mode], mode);
      mistakes += passage.mistakes;
      if (round === 0) continue;
      const jobsPerSecond = (jobs[mode] * 1000) / passage.elapsedMs;
      samples.push({ contender: contender.name, mode, jobsPerSecond });
    }
  }
  return { samples, mistakes };
}

interface Side {
  readonly fleet: OurFleet;
  readonly worker: OurWorker;
}

/** The same claims on each server in turns; the first only warm up. In the order of the sides. */
export async function measureLatencies(
  sides: readonly Side[],
  rounds: number,
): Promise<Latencies[][]> {
  const measured: Latencies[][] = sides.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { fleet, worker }] of sides.entries()) {
      const latencies = await measureLatency(fleet, worker);
      if (round > 0) measured[index]?.push(latencies);
    }
  }
  return measured;
}
