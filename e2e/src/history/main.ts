/**
 * Plays histories until the time is up: `npm run check:history -- --minutes 10 [--seed 1] [--seconds 60]`.
 * Ends with 1 at the first broken promise, and says with which seed it can be played again.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { openStage } from '../harness/stage.ts';
import { playHistory } from './play.ts';

const HELP = `Usage: npm run check:history -- [options]

  --minutes N   how long, in all (1)
  --seconds S   how long each history plays (45)
  --seed N      of the first history; the next ones follow (random)
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '45' },
    seed: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = await playAll();

async function playAll(): Promise<number> {
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  const first = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  for (let nth = 0; nth === 0 || performance.now() < endsAt; nth += 1) {
    const leftSeconds = Math.max(5, (endsAt - performance.now()) / 1_000);
    const seconds = Math.min(Number(values.seconds), leftSeconds);
    if (!(await playOne(first + nth, seconds))) return 1;
  }
  return 0;
}

async function playOne(seed: number, seconds: number): Promise<boolean> {
  console.log(`seed ${seed}, ${Math.round(seconds)} s`);
  const stage = await openStage();
  try {
    const { counts, broken } = await playHistory(stage, { seed, seconds });
    const told = Object.entries(counts).toSorted(([one], [other]) => (one < other ? -1 : 1));
    for (const [what, count] of told) console.log(`  ${String(count).padStart(7)} ${what}`);
    for (const promise of broken.slice(0, 20)) console.log(`  BROKEN ${promise}`);
    console.log(
      broken.length === 0 ? '  every promise was kept' : `  play it again: --seed ${seed}`,
    );
    if (broken.length > 0) console.log(stage.logs());
    return broken.length === 0;
  } catch (error) {
    console.log(`  failed with seed ${seed}: ${String(error)}\n${stage.logs()}`);
    return false;
  } finally {
    await stage.close();
  }
}
