import type { Tx } from '@sagewai/postgres';
import type { listTriggerFirings, OutputOf } from '@sagewai/wire';

import { type FiringRow as Planned, listFirings } from '../schedules/schedules.sql.ts';
import type { TriggerRow } from './trigger.ts';
import { listTriggerFirings as readFirings } from './triggers.sql.ts';

type Firing = OutputOf<typeof listTriggerFirings>['firings'][number];

const HOW = {
  submitted: 'started',
  skipped: 'skipped',
  missed: 'skipped',
  held: 'skipped',
  refused: 'refused',
} as const satisfies Record<Planned['how'], Firing['how']>;

/** What has become of what came in; of a cron trigger, of its schedule's instants. */
export async function listFiringsOf(tx: Tx, trigger: TriggerRow, limit: number): Promise<Firing[]> {
  if (trigger.scheduleId !== null) {
    const planned = await listFirings(tx, trigger.scheduleId, limit);
    return planned.map((firing) => ({
      id: trigger.scheduleId ?? '',
      fired_at: firing.firedAt.toISOString(),
      how: HOW[firing.how],
      delivery_key: `at:${firing.plannedAt.toISOString()}`,
      repeats: 0,
      run_id: firing.runId,
      error: firing.error ?? (firing.how === 'missed' || firing.how === 'held' ? firing.how : null),
    }));
  }
  const firings = await readFirings(tx, trigger.id, limit);
  return firings.map((firing) => ({
    id: firing.id,
    fired_at: firing.firedAt.toISOString(),
    how: firing.how,
    delivery_key: firing.deliveryKey,
    repeats: firing.repeats,
    run_id: firing.runId,
    error: firing.error,
  }));
}
