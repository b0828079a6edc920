import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { Routing } from './match-class.ts';
import type { Subqueue } from './subqueue.ts';

interface Row {
  readonly sq: number;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly pool: string;
  readonly model: string;
  readonly labels: Record<string, string>;
  readonly routing: Routing | null;
  readonly key: string | null;
  readonly workerNum: number | null;
}

/** What the subqueues of these numbers require. */
export async function readSubqueues(db: Executor, sqs: readonly number[]): Promise<Subqueue[]> {
  const { rows } = await sql<Row>`
    select q.sq, q.org_id as "orgId", q.project_id as "projectId", c.pool, c.model, c.labels, c.routing,
           d.key, q.worker_num as "workerNum"
    from subqueue q join match_class c on c.class_id = q.class_id
    left join dispatch_limit d on d.limit_id = q.key_limit
    where q.sq = any(${[...sqs]}::integer[])
  `.execute(db);
  return rows.map(({ sq, orgId, projectId, key, workerNum, ...requirement }) => ({
    sq,
    orgId,
    projectId,
    requirement,
    key,
    workerNum,
  }));
}
