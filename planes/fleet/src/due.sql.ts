/** When the jobs of the fleet have something to do; each is one look at an index, whatever there is. */
import { sql, type Statement } from '@sagewai/postgres';

const NOW = sql`0::float8`;

export const scheduledDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from scheduled`;

export const routesDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(move_at) - app_now()) * 1000 from run_route`;

export const waitsDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from waiting`;

export const schedulesDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from schedule_due`;

export const pollsDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(due_at) - app_now()) * 1000 from trigger_due`;

export const bulkDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from bulk_due)`;

/** Runs with children that end with them, ended or not: whether they have is not for this role to see. */
export const boundParentsDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from bound_parent)`;

export const childWaitsDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from waiting where for_children)`;

/** Runs that somebody works on, or that may not wait longer. */
export const leasesDue = (): Statement<unknown> => sql`
  select case when exists (select from lease) then 0
              else (select extract(epoch from min(due_at) - app_now()) * 1000 from run_deadline) end
`;

export const queueDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from ready)`;

export const countsDue = (): Statement<unknown> => sql`
  select ${NOW} where exists (select from ready)
    or exists (select from pending_count where pending > 0 or blocked_by_quota > 0)
    or exists (select from dispatch_limit where queued > 0)
`;

export const unmatchableDue = (): Statement<unknown> => sql`
  select ${NOW} where exists (select from ready)
    or exists (select from subqueue where unmatchable_since is not null)
`;

export const gaugesDue = (): Statement<unknown> => sql`
  select ${NOW} where exists (select from lease)
    or exists (select from pending_count where pending > 0 or blocked_by_quota > 0)
`;

export const limitsDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from dispatch_limit)`;

/** Unless exactly these versions of the organizations' keys are there. */
export const versionsDue = (known: {
  readonly count: number;
  readonly sum: bigint;
}): Statement<unknown> => sql`
  select ${NOW} from payload_encryption
  having count(*) <> ${known.count} or coalesce(sum(version), 0) <> ${known.sum}
`;

export const encryptionDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from payload_encryption)`;

/** It was found something the last time: it looks once more. */
export const dueNow = (): Statement<unknown> => sql`select ${NOW}`;
