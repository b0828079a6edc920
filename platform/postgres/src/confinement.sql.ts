import type { Executor } from './database.ts';
import { sql } from './statement.ts';

interface Standing {
  readonly role: string;
  readonly superuser: boolean;
  readonly bypassesRls: boolean;
  readonly ownsTables: boolean;
}

/**
 * Refuses a connection that row-level security would not bind. A login may be a superuser (it is in
 * many compose files); what counts is the role that its statements run as.
 */
export async function assertConfined(db: Executor, expectedRole: string): Promise<void> {
  const { rows } = await sql<Standing>`
    select current_user as role,
           r.rolsuper as superuser,
           r.rolbypassrls as "bypassesRls",
           exists (
             select from pg_class c
             where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace
           ) as "ownsTables"
    from pg_roles r where r.rolname = current_user
  `.execute(db);
  const [standing] = rows;
  if (!standing) throw new Error('the database does not know the current role');
  const { role, superuser, bypassesRls, ownsTables } = standing;
  if (role !== expectedRole || superuser || bypassesRls || ownsTables) {
    throw new Error(
      `connections must run as ${expectedRole}, bound by row-level security, but run as ${role}` +
        `${superuser ? ' (superuser)' : ''}${bypassesRls ? ' (BYPASSRLS)' : ''}` +
        `${ownsTables ? ' (owner of the tables)' : ''}; a pooler that drops the "options" of a` +
        ` connection is the usual cause`,
    );
  }
}

export interface ServerVersion {
  /** `server_version`, as `18.4` or `15.18 (Debian …)`. */
  readonly text: string;
  /** `server_version_num`, as 180004. */
  readonly number: number;
}

export async function readServerVersion(db: Executor): Promise<ServerVersion> {
  const { rows } = await sql<ServerVersion>`
    select current_setting('server_version') as text,
           current_setting('server_version_num')::int as number
  `.execute(db);
  const [version] = rows;
  if (!version) throw new Error('the database did not tell its version');
  return version;
}
