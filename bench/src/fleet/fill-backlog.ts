import { type OurFleet, POOL } from './our-fleet.ts';

const BATCH = 1_000;
const IN_FLIGHT = 4;

/** Runs of the worker's own pool and project that it may not have: for their model, or for their labels. */
const UNMATCHED = [
  { pool: POOL, model: 'a-model-nobody-has', payload: {} },
  { pool: POOL, labels: { region: 'nowhere' }, payload: {} },
] as const;

/** Submits runs that nobody can claim until there are `count` or the time is over; answers how many. */
export async function fillBacklog(
  fleet: OurFleet,
  { count, msMax }: { count: number; msMax: number },
): Promise<number> {
  const endsAt = performance.now() + msMax;
  let begun = 0;

  async function fill(): Promise<void> {
    while (begun < count && performance.now() < endsAt) {
      const unmatched = UNMATCHED[(begun / BATCH) % UNMATCHED.length] ?? UNMATCHED[0];
      begun += BATCH;
      await fleet.submit(BATCH, unmatched);
    }
  }

  await Promise.all(Array.from({ length: IN_FLIGHT }, fill));
  return begun;
}
