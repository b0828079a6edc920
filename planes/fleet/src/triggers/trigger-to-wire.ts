import type { Tx } from '@sagewai/postgres';
import type { PollerOptions, WebhookOptions, WireTrigger } from '@sagewai/wire';

import type { Schedule } from '../schedules/schedules.sql.ts';
import type { OwnedSchedule } from './own-schedule.ts';
import { readPoll } from './polls.sql.ts';
import type { TriggerRow } from './trigger.ts';

/** A trigger as its readers see it; of a cron trigger, what its schedule says. */
export async function toWireTrigger(
  tx: Tx,
  trigger: TriggerRow,
  schedules: OwnedSchedule,
): Promise<WireTrigger> {
  const { kind, options, previousUntil } = trigger;
  const schedule = kind === 'cron' ? await schedules.read(tx, trigger) : null;
  const poll = kind === 'poller' ? await readPoll(tx, trigger.id) : null;
  return {
    id: trigger.id,
    name: trigger.name,
    kind,
    project_id: trigger.projectId,
    enabled: schedule === null ? trigger.enabled : !schedule.paused,
    webhook: kind === 'webhook' ? (options as WebhookOptions) : null,
    poller: kind === 'poller' ? (options as PollerOptions) : null,
    cron: schedule === null ? null : cronOf(schedule),
    filter: trigger.filter,
    run: schedule === null ? trigger.run : schedule.submission,
    path: trigger.path === null ? null : `/webhooks/${trigger.path}`,
    schedule_id: trigger.scheduleId,
    has_secret: trigger.secretSealed !== null,
    previous_secret_until: previousUntil?.toISOString() ?? null,
    last_poll:
      poll === null
        ? null
        : {
            at: poll.polledAt.toISOString(),
            status: poll.status,
            error: poll.error,
            next_at: poll.nextAt?.toISOString() ?? null,
          },
    created_by: trigger.createdBy,
    created_at: trigger.createdAt.toISOString(),
  };
}

const cronOf = (schedule: Schedule): NonNullable<WireTrigger['cron']> => ({
  cron: schedule.cron,
  time_zone: schedule.timeZone,
  catch_up: schedule.catchUp,
  catch_up_max: schedule.catchUpMax,
  overlap: schedule.overlap,
  overlap_max: schedule.overlapMax,
  jitter_seconds: schedule.jitterMs / 1_000,
});
