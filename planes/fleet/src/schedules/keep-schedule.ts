import { Fault } from '@sagewai/fault';
import type { CronOptions } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { encodeContent, SCHEDULED_BYTES_MAX } from '../runs/encode-content.ts';
import { type CronTable, instantsAfter, mistakeOf } from './cron.ts';
import type { Schedule, ScheduleOptions } from './schedules.sql.ts';

type Kept = Omit<Schedule, 'createdAt'>;

/** Throws what a submission of it would answer, before it is kept. */
export async function demandSchedule(
  { submissions }: Pick<FleetParts, 'submissions'>,
  schedule: Kept,
): Promise<void> {
  demandTable(schedule);
  const { submission, orgId, projectId, createdBy: actor } = schedule;
  // It stands in a row of its own, and is submitted again and again.
  encodeContent(submission.payload, 'payload', SCHEDULED_BYTES_MAX);
  await submissions.prepare([submission], { orgId, projectId, actor });
}

export function demandTable(table: CronTable): void {
  const mistake = mistakeOf(table);
  if (mistake === null) return;
  const { field, why } = mistake;
  throw new Fault('request.invalid', `a schedule has no such ${field}`, {
    detail: `${field}: ${why}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message: why }],
  });
}

/** When it fires next, from now on; null: never. */
export const nextOf = (
  { clock }: Pick<FleetParts, 'clock'>,
  table: CronTable,
  paused: boolean,
): Date | null => (paused ? null : (instantsAfter(table, clock.now(), 1)[0] ?? null));

/** What is left open is as it was, or as it is usual. */
export function scheduleOptionsOf(
  asked: Partial<CronOptions>,
  old?: ScheduleOptions,
): Omit<ScheduleOptions, 'submission' | 'paused'> {
  return {
    cron: asked.cron ?? old?.cron ?? '',
    timeZone: asked.time_zone ?? old?.timeZone ?? 'UTC',
    catchUp: asked.catch_up ?? old?.catchUp ?? 'latest',
    catchUpMax: asked.catch_up_max ?? old?.catchUpMax ?? 10,
    overlap: asked.overlap ?? old?.overlap ?? 'allow',
    overlapMax: asked.overlap_max ?? old?.overlapMax ?? 1,
    jitterMs:
      asked.jitter_seconds === undefined ? (old?.jitterMs ?? 0) : asked.jitter_seconds * 1_000,
  };
}
