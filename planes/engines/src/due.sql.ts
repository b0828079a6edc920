/** When the jobs of the engines have something to do: a server without engines asks nothing more for them. */
import { sql, type Statement } from '@sagewai/postgres';

import type { Engine } from './engine.ts';

/** What the gateway is told of an engine: when one of these is another, it is told again. */
export type ServedEngine = Pick<Engine, 'id' | 'model' | 'host' | 'port'>;

const NOW = sql`0::float8`;

/** Engines of this process, or processes of which no engine may be left. */
export const ownDue = (replica: string, running: readonly string[]): Statement<unknown> =>
  running.length > 0
    ? sql`select ${NOW}`
    : sql`select ${NOW} where exists (select from engine where replica = ${replica})`;

export const enginesDue = (): Statement<unknown> =>
  sql`select ${NOW} where exists (select from engine)`;

/** Whether other engines are ready than those that are served. */
export const servedDue = (served: readonly ServedEngine[]): Statement<unknown> => sql`
  select ${NOW} where exists (
    select from (select id, model, host, port from engine where state = 'READY') ready
    full join json_to_recordset(${JSON.stringify(served)}::json) served (id text, model text, host text, port integer)
      using (id, model, host, port)
    where ready is null or served is null
  )
`;
