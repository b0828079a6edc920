import { type Db, sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import type { FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { readSilence } from './silence.sql.ts';

/** Workers with a run each. */
async function holders(replica: FleetFixture, count: number): Promise<string[]> {
  const runs: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const worker = await replica.worker({ name: `w${n}` });
    runs.push(await replica.submit());
    await replica.claim(worker, { slots: 1 });
  }
  return runs;
}

/** So many of them have not been heard for so long, by a server that was there. */
async function fallSilent(owner: Db, workers: number, minutes: number): Promise<void> {
  await sql`
    update worker_session set last_seen_at = app_now() - ${minutes} * interval '1 minute'
    where worker_num in (select worker_num from lease order by run_id desc limit ${workers})
  `.execute(owner);
  await sql`update lease set claimed_at = app_now() - interval '1 hour'`.execute(owner);
  await sql`
    insert into fleet_pulse (beat_at, up_since) values (app_now(), app_now() - interval '1 day')
    on conflict (one) do update set beat_at = app_now(), up_since = excluded.up_since
  `.execute(owner);
}

async function countQueued(replica: FleetFixture, runs: readonly string[]): Promise<number> {
  await replica.run('fleet.supervise');
  const states = await Promise.all(runs.map((run) => replica.state(run)));
  return states.filter((state) => state === 'queued').length;
}

test('many that are silent at once are given as long again, and not more', async ({
  replica,
  owner,
  dispatch,
}) => {
  const runs = await holders(replica, 4);
  await fallSilent(owner, 3, 6);
  const upSince = new Date(Date.now() - 86_400_000);
  const silence = await readSilence(dispatch, { silenceMs: 300_000, upSince });
  expect(silence).toEqual({ anyLease: true, holders: 4, silent: 3 });
  expect(await countQueued(replica, runs)).toBe(0);
  expect(await replica.metrics.render()).toContain('sagewai_mass_silence_rounds_total 1');
  await fallSilent(owner, 3, 11);
  expect(await countQueued(replica, runs)).toBe(3);
});

test('one of four alone loses its run after its own time', async ({ replica, owner }) => {
  const runs = await holders(replica, 4);
  await fallSilent(owner, 1, 6);
  expect(await countQueued(replica, runs)).toBe(1);
});
