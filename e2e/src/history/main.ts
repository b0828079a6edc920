/**
 * Plays histories until the time is up: `npm run check:history -- --minutes 10 [--seed 1]`.
 * Ends with 1 at the first broken promise, and says with which seed it can be played again. With
 * `--mutants` it plays one for each removed line instead, and ends with 1 when nothing is noticed.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { openStage } from '../harness/stage.ts';
import { type Mutant, MUTANTS } from './mutants.ts';
import { playMonths } from './play-months.ts';
import { playHistory, type PlayOptions, type Verdict } from './play.ts';

const HELP = `Usage: npm run check:history -- [options]

  --minutes N   how long, in all (1)
  --seconds S   how long each history plays (45)
  --seed N      of the first history; the next ones follow (random)
  --redis       the servers have a Redis, which dies and comes back
  --mutants     without the lines that keep the promises: each must be noticed
  --only TEXT   of these, those whose name has the text
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '45' },
    seed: { type: 'string' },
    redis: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h' },
  },
});
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const seconds = Number(values.seconds);
if (values.help === true) process.stdout.write(HELP);
else process.exitCode = (await (values.mutants ? playMutants() : playAll())) ? 0 : 1;

async function playAll(): Promise<boolean> {
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  for (let nth = 0; nth === 0 || performance.now() < endsAt; nth += 1) {
    const leftSeconds = Math.max(5, (endsAt - performance.now()) / 1_000);
    const { redis } = values;
    const options = { seed: seed + nth, seconds: Math.min(seconds, leftSeconds), redis };
    console.log(`seed ${options.seed}, ${Math.round(options.seconds)} s`);
    const kept = await play(options, ({ broken }) => {
      for (const promise of broken.slice(0, 20)) console.log(`  BROKEN ${promise}`);
      return broken.length === 0;
    });
    console.log(kept ? '  every promise was kept' : `  play it again: --seed ${options.seed}`);
    if (!kept) return false;
  }
  return true;
}

async function playMutants(): Promise<boolean> {
  let missed = 0;
  const chosen = MUTANTS.filter(({ name }) => name.includes(values.only));
  for (const mutant of chosen) {
    console.log(`without ${mutant.name}, seed ${seed}, ${seconds} s`);
    const options = { seed, seconds, servers: 1, faults: false, restSeconds: 10, mutant };
    const noticed = await play(options, ({ broken }) => isNoticed(mutant, broken));
    console.log(noticed ? '  noticed' : '  NOT NOTICED');
    if (!noticed) missed += 1;
  }
  return missed === 0 && chosen.length > 0;
}

function isNoticed({ expected }: Mutant, broken: readonly string[]): boolean {
  const noticed = broken.filter((promise) => expected.test(promise));
  console.log(`  ${noticed.length} of ${broken.length} are of its kind: ${noticed[0] ?? ''}`);
  return noticed.length > 0;
}

/** Every fourth is; a mutant says itself where it shows. */
function isOfMonths({ seed: of, mutant }: PlayOptions): boolean {
  return mutant ? mutant.inMonths === true : of % 4 === 3;
}

/** Plays one and tells what happened; the logs too when the judgement is bad. */
async function play(options: PlayOptions, judge: (verdict: Verdict) => boolean): Promise<boolean> {
  const stage = await openStage();
  try {
    const verdict = await (isOfMonths(options) ? playMonths : playHistory)(stage, options);
    const told = Object.entries(verdict.counts).toSorted(([one], [other]) =>
      one < other ? -1 : 1,
    );
    for (const [what, count] of told) console.log(`  ${String(count).padStart(7)} ${what}`);
    const good = judge(verdict);
    if (!good) console.log(stage.logs());
    return good;
  } catch (error) {
    console.log(`  failed: ${String(error)}\n${stage.logs()}`);
    return false;
  } finally {
    await stage.close();
  }
}
