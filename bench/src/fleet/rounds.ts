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

/** The same claims on a server with a backlog and on one without, in turns; the first only warm up. */
export async function measureLatencies(
  sides: { readonly full: Side; readonly empty: Side },
  rounds: number,
): Promise<{ full: Latencies[]; empty: Latencies[] }> {
  const full: Latencies[] = [];
  const empty: Latencies[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const without = await measureLatency(sides.empty.fleet, sides.empty.worker);
    const behind = await measureLatency(sides.full.fleet, sides.full.worker);
    if (round === 0) continue;
    empty.push(without);
    full.push(behind);
  }
  return { full, empty };
}
