import { setTimeout as pause } from 'node:timers/promises';

import { bearer } from '../../harness/api.ts';
import { query } from '../../harness/database.ts';
import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';

const MINUTES_MAX = 90;

/**
 * A schedule whose plan is put back again and again, a little further each time: as if a leader came back
 * that still believed it. Instants that have fired may not fire again; those that were not there yet, once.
 */
export async function schedule(
  arena: Arena,
  random: Random,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const headers = bearer(arena.installation.secrets.administrator);
  const body = {
    name: 'each minute',
    cron: '* * * * *',
    submission: { payload: { task: 'scheduled' } },
    catch_up: 'all',
    catch_up_max: 100,
  };
  for (;;) {
    if (signal.aborted) return;
    const { answer } = await arena.send(random, '/api/v1/schedules', { headers, body });
    if (answer?.status === 201 || answer?.status === 409) break;
    if (answer && answer.status < 500) throw new Error(`no schedule was made: ${answer.text}`);
  }
  for (let minutes = 0; !signal.aborted; minutes += random.between(0, 3)) {
    const back = Math.min(minutes, MINUTES_MAX);
    await query(arena.postgres.adminUrl, PUT_BACK, [back]).then(
      () => arena.journal.count('plans put back'),
      () => arena.journal.count('plans not put back'),
    );
    await pause(random.between(300, 1_500));
  }
}

const PUT_BACK = `
  with back as (
    update schedule set planned_at = date_trunc('minute', now()) - $1 * interval '1 minute'
    returning id, org_id
  )
  insert into schedule_due (schedule_id, org_id, due_at) select id, org_id, now() from back
  on conflict (schedule_id) do update set due_at = excluded.due_at`;
