import { Pool } from 'undici';

import type { Server } from '../common/server.ts';
import { requestBody } from '../gateway/scripted-answer.ts';
import { withDatabase } from './all-scopes.ts';

const IN_FLIGHT = 64;

export const keyOf = (n: number): string => `sk-bench-${String(n).padStart(8, '0')}`;

/** Keys, each under limits of its own and of its project, as if they had been made one by one. */
export async function fillKeys(
  databaseUrl: string,
  of: { readonly keys: number; readonly projects: number },
): Promise<void> {
  await withDatabase(databaseUrl, async (client) => {
    await client.query('begin');
    for (const statement of FILL) {
      await client.query(
        statement,
        statement.includes('$2') ? [of.keys, of.projects] : [of.projects],
      );
    }
    await client.query('commit');
    await client.query('vacuum analyze');
  });
}

const ORG = `(select org_id from project where deleted_at is null order by created_at limit 1)`;
const KEY = `md5('bench key ' || i)::uuid`;
const PROJECT = `md5('bench project ' || i)::uuid`;
const FILL = [
  `insert into project (id, org_id, name)
   select ${PROJECT}, ${ORG}, 'bench-' || i from generate_series(1, $1::int) i`,
  `insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at)
   select ${ORG}, 'project', ${PROJECT}::text, 'cost', 'day', 1e18, window_of('day', now())
   from generate_series(1, $1::int) i`,
  `insert into virtual_key (id, org_id, project_id, name, hint, created_by)
   select ${KEY}, ${ORG}, md5('bench project ' || (1 + i % $2::int))::uuid, 'bench ' || i, 'sk-b…', 'bench'
   from generate_series(1, $1::int) i`,
  `insert into credential (hash, kind, id, org_id)
   select sha256(convert_to('sk-bench-' || lpad(i::text, 8, '0'), 'UTF8')), 'key', ${KEY}, ${ORG}
   from generate_series(1, $1::int) i where $2::int > 0`,
  `insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at)
   select ${ORG}, 'key', ${KEY}::text, 'cost', 'day', 1e18, window_of('day', now())
   from generate_series(1, $1::int) i where $2::int > 0`,
];

/** A call with each of the keys; throws when one is not answered. */
export async function callWithEach(server: Server, keys: number): Promise<void> {
  const pool = new Pool(server.url, { connections: IN_FLIGHT });
  const body = requestBody('json');
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < keys) {
      next += 1;
      const response = await pool.request({
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: `Bearer ${keyOf(next)}`, 'content-type': 'application/json' },
        body,
      });
      const text = await response.body.text();
      if (response.statusCode !== 200) {
        throw new Error(`a key was answered ${response.statusCode}: ${text.slice(0, 300)}`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    await pool.destroy();
  }
}
