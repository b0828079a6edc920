/** A row for a project in every table that its deletion goes over, by the types of the columns. */
import { randomUUID } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { type Db, inTransaction, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

/** A statement whose text is made from the catalog, which the tag rightly cannot do. */
const raw = <Row>(text: string): Statement<Row> =>
  sql<Row>(Object.assign([text], { raw: [text] }) as TemplateStringsArray);

export interface FilledProject {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
  /** All ids by which a row can be of it. */
  readonly ids: readonly string[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

let made = 1_000_000;

/** Rows are what they are by their references; what they mean is not checked. */
export async function dropChecks(owner: Db): Promise<void> {
  const { rows } = await sql<{ text: string }>`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as text from pg_constraint
    where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0 and coninhcount = 0
  `.execute(owner);
  for (const { text } of rows) await raw(text).execute(owner);
}

export async function fillProject(
  owner: Db,
  tables: readonly string[],
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<FilledProject> {
  const runId = newId<RunId>();
  const uuid = (): string => randomUUID();
  const number = (): string => String((made += 1));
  const [trigger, schedule, key, worker, batch, response, webhook, delivery, token, call] = [
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
    uuid(),
  ];
  const [num, sq, budget, file] = [number(), number(), number(), `file-${uuid()}`];
  const named: Readonly<Record<string, string>> = {
    org_id: orgId,
    project_id: projectId,
    run_id: runId,
    root_run_id: runId,
    trigger_id: trigger,
    schedule_id: schedule,
    key_id: key,
    worker_id: worker,
    worker_num: num,
    num,
    sq,
    batch_id: batch,
    input_file_id: file,
    response_id: response,
    webhook_id: webhook,
    delivery_id: delivery,
    budget_id: budget,
    call_id: call,
    'run_trigger.id': trigger,
    'schedule.id': schedule,
    'virtual_key.id': key,
    'access_token.id': token,
    'credential.id': key,
    'tool_call.id': call,
    'worker.id': worker,
    'batch.id': batch,
    'batch_file.id': file,
    'background_response.id': response,
    'alert_webhook.id': webhook,
    'alert_delivery.id': delivery,
    'budget.id': budget,
    'budget.scope_kind': 'key',
    'budget.scope_id': key,
    'facet_limit.scope_kind': 'key',
    'facet_limit.scope_id': key,
    'budget_holder.scope_kind': 'key',
    'budget_holder.scope_id': key,
    'call_slot.scope_kind': 'key',
    'call_slot.scope_id': key,
    'budget_notice.subject': `project:${projectId}`,
  };
  await inTransaction(owner, async (tx) => {
    // References are not checked now; deleting checks them.
    await sql`select set_config('session_replication_role', 'replica', true)`.execute(tx);
    for (const table of new Set(tables)) {
      const { rows } = await sql<Column>`
        select attname as name, format_type(atttypid, null) as type, attnotnull and attidentity <> 'd' as required
        from pg_attribute a
        where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
          and (attnotnull or attname = 'project_id')
      `.execute(tx);
      const values = rows.map(({ name, type }) => {
        const value = named[`${table}.${name}`] ?? named[name];
        return value === undefined ? literal(type, number) : `'${value}'`;
      });
      const names = rows.map(({ name }) => `"${name}"`).join(', ');
      await raw(
        `insert into "${table}" (${names}) overriding system value values (${values.join(', ')})`,
      ).execute(tx);
    }
  });
  const ids = [
    projectId,
    runId,
    trigger,
    schedule,
    key,
    worker,
    batch,
    response,
    webhook,
    delivery,
  ];
  return { orgId, projectId, runId, ids: [...ids, token, file, num, sq, budget, call] };
}

function literal(type: string, number: () => string): string {
  if (type.endsWith('[]')) return `'{}'::${type}`;
  const known: Record<string, string> = {
    uuid: `'${randomUUID()}'`,
    text: `'text ${number()}'`,
    boolean: 'true',
    bytea: `sha256('${number()}')`,
    json: `'{}'`,
    jsonb: `'{}'`,
    'timestamp with time zone': 'app_now()',
    date: 'current_date',
  };
  return known[type] ?? number().slice(-4);
}

/** How many rows of each table name one of these ids, anywhere in them. */
export async function rowsNaming(
  owner: Db,
  ids: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const { rows: tables } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1
  `.execute(owner);
  const pattern = ids.join('|');
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await raw<{ count: number }>(
      `select count(*)::int as count from "${name}" t where to_jsonb(t)::text ~ '${pattern}'`,
    ).execute(owner);
    const count = rows[0]?.count ?? 0;
    if (count > 0) counts[name] = count;
  }
  return counts;
}

export async function readParts(
  owner: Db,
): Promise<{ readonly name: string; readonly how: string }[]> {
  const { rows } = await sql<{ name: string; how: string }>`
    select name, how from project_parts() order by place
  `.execute(owner);
  return rows;
}

/** Columns by which a row can be of a project, or of something of one. */
export async function columnsThatName(owner: Db): Promise<{ table: string; column: string }[]> {
  const { rows } = await sql<{ table: string; column: string }>`
    select c.relname as table, a.attname as column
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attname in ('project_id', 'run_id', 'root_run_id', 'trigger_id', 'schedule_id', 'key_id', 'worker_id',
                        'worker_num', 'sq', 'batch_id', 'response_id', 'webhook_id', 'delivery_id', 'budget_id')
    order by 1, 2
  `.execute(owner);
  return rows;
}
