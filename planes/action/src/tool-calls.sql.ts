import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { sealEntry } from '@sagewai/trust';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { ToolError } from './outcome.ts';
import type { Beginning, CallEnd, CallState, NewCall, ToolCall } from './tool-call.ts';

const COLUMNS = sql<ToolCall>`
  id, key, project_id as "projectId", tool_id as "toolId", tool_name as "toolName", tool_version as "toolVersion",
  tool_digest as "toolDigest", mode, run_id as "runId", step, state, arguments_digest as "argumentsDigest",
  sealed_key as "sealedKey", arguments_sealed as "argumentsSealed", result_sealed as "resultSealed",
  result_digest as "resultDigest", result_bytes as "resultBytes", is_blob as "isBlob", error,
  message_sealed as "messageSealed", attempt, late_result_digest as "lateResultDigest", requested_by as "requestedBy",
  decided_by as "decidedBy", created_at as "createdAt", due_at as "dueAt", ended_at as "endedAt"
`;

interface OfCall {
  readonly orgId: OrganizationId;
  readonly id: string;
}

/** A1, A2. Whether this very call is to be made now; when it is, it is written that it was begun. One statement. */
export async function beginCall(db: Executor, of: NewCall): Promise<Beginning> {
  const { rows } = await sql<Beginning>`
    select how, id, wait_ms as "waitMs", attempt, sealed_key as "sealedKey" from action_begin_call(
      ${of.orgId}, ${of.projectId}, ${of.id}, ${of.key}, ${of.toolId}, ${of.toolName}, ${of.toolVersion},
      ${of.toolDigest}, ${of.mode}, ${of.runId}::uuid, ${of.step}::text, ${of.argumentsDigest}, ${of.sealedKey},
      ${of.argumentsSealed}, ${of.requestedBy}, ${of.needsApproval}, ${of.isRepeatable}, ${of.timeoutMs},
      ${of.decideMs}, ${of.scopes}::text[]
    )
  `.execute(db);
  const [begun] = rows;
  if (begun === undefined) throw new Error('a call was neither begun nor found');
  return begun;
}

/** A3. With its entry in the audit log, in one statement. Null: there is no such call. */
export async function endCall(
  db: Executor,
  { orgId, id, attempt, keepMs }: OfCall & { readonly attempt: number; readonly keepMs: number },
  {
    end,
    audit,
  }: {
    readonly end: CallEnd;
    readonly audit: Pick<ReturnType<typeof sealEntry>, 'actor' | 'details'>;
  },
): Promise<{ readonly how: 'ended' | 'late'; readonly state: CallState } | null> {
  const { rows } = await sql<{ how: 'ended' | 'late'; state: CallState }>`
    select how, state from action_finish_call(
      ${orgId}, ${id}, ${attempt}, ${end.state}, ${end.error}::text, ${end.messageSealed}::text,
      ${end.resultSealed}::text, ${end.resultDigest}::text, ${end.resultBytes}::integer, ${end.isBlob}, ${keepMs},
      ${audit.actor}, ${audit.details}
    )
  `.execute(db);
  return rows[0] ?? null;
}

export async function findCall(tx: Executor, { orgId, id }: OfCall): Promise<ToolCall | null> {
  const { rows } = await sql<ToolCall>`
    select ${COLUMNS} from tool_call where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** A call of somebody's that is still to be made, with these arguments: to ask again is not to ask for another. */
export async function findOpenKey(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId;
    readonly toolId: string;
    readonly requestedBy: string;
    readonly argumentsDigest: string;
  },
): Promise<Buffer | null> {
  const { rows } = await sql<{ key: Buffer }>`
    select key from tool_call
    where org_id = ${of.orgId} and state in ('waiting', 'approved') and project_id = ${of.projectId}
      and tool_id = ${of.toolId} and requested_by = ${of.requestedBy}
      and arguments_digest = ${of.argumentsDigest}
    order by id desc limit 1
  `.execute(tx);
  return rows[0]?.key ?? null;
}

export interface CallFilter {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly state?: string | undefined;
  readonly tool?: string | undefined;
  readonly runId?: string | undefined;
  readonly requestedBy?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listCalls(tx: Executor, filter: CallFilter): Promise<ToolCall[]> {
  const { orgId, projectId, state, tool, runId, requestedBy, before } = filter;
  const conditions = [sql`org_id = ${orgId}`];
  if (projectId !== null) conditions.push(sql`project_id = ${projectId}`);
  if (state !== undefined) conditions.push(sql`state = ${state}`);
  if (tool !== undefined) conditions.push(sql`tool_name = ${tool}`);
  if (runId !== undefined) conditions.push(sql`run_id = ${runId}`);
  if (requestedBy !== undefined) conditions.push(sql`requested_by = ${requestedBy}`);
  if (before !== undefined) conditions.push(sql`id < ${before}`);
  const { rows } = await sql<ToolCall>`
    select ${COLUMNS} from tool_call where ${sql.join(conditions, ' and ')} order by id desc limit ${filter.limit}
  `.execute(tx);
  return rows;
}

/** A4. Only while it waits, and for exactly the arguments that were seen. False: it is not so (any more). */
export async function approveCall(
  tx: Tx,
  of: OfCall & {
    readonly argumentsDigest: string;
    readonly by: string;
    readonly approvedMs: number;
  },
): Promise<boolean> {
  const { rows } = await sql<{ dueAt: Date }>`
    update tool_call set state = 'approved', decided_by = ${of.by}, decided_at = app_now(),
      due_at = app_now() + ${of.approvedMs} * interval '1 millisecond'
    where org_id = ${of.orgId} and id = ${of.id} and state = 'waiting' and due_at > app_now()
      and arguments_digest = ${of.argumentsDigest}
    returning due_at as "dueAt"
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return false;
  await putDue(tx, of.id, row.dueAt);
  return true;
}

/** Of what nobody has begun. False: it is begun, or over. */
export async function denyCall(
  tx: Tx,
  of: OfCall & {
    readonly by: string | null;
    readonly error: ToolError;
    readonly messageSealed: string | null;
    readonly keepMs: number;
    /** Only where its time is up. */
    readonly isDue?: true;
  },
): Promise<boolean> {
  const { rows } = await sql<{ keptUntil: Date }>`
    update tool_call set state = 'denied', error = ${of.error}, message_sealed = ${of.messageSealed}::text,
      decided_by = coalesce(${of.by}::text, decided_by), decided_at = coalesce(decided_at, app_now()), due_at = null,
      ended_at = app_now(), ended_xid = pg_current_xact_id()
    where org_id = ${of.orgId} and id = ${of.id} and state in ('waiting', 'approved')
      and (${of.isDue === undefined} or due_at <= app_now())
    returning app_now() + ${of.keepMs} * interval '1 millisecond' as "keptUntil"
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return false;
  await putDue(tx, of.id, row.keptUntil);
  return true;
}

/** A3. Nobody has said in time what came of it: nobody knows. */
export async function giveUpCall(
  tx: Tx,
  { orgId, id, keepMs }: OfCall & { readonly keepMs: number },
): Promise<boolean> {
  const { rows } = await sql<{ keptUntil: Date }>`
    update tool_call set state = 'unknown', error = 'lost', due_at = null, ended_at = app_now(),
      ended_xid = pg_current_xact_id()
    where org_id = ${orgId} and id = ${id} and state = 'running' and due_at <= app_now()
    returning app_now() + ${keepMs} * interval '1 millisecond' as "keptUntil"
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return false;
  await putDue(tx, id, row.keptUntil);
  return true;
}

/** A dead call is made again: as approved by whoever asks for it. False: it is not dead, or not as it was seen. */
export async function reviveCall(
  tx: Tx,
  of: OfCall & {
    readonly was: Pick<ToolCall, 'state' | 'attempt'>;
    readonly state: 'waiting' | 'approved';
    readonly by: string;
    readonly tool: { readonly version: number; readonly digest: string };
    readonly dueMs: number;
  },
): Promise<boolean> {
  const { rows } = await sql<{ dueAt: Date }>`
    update tool_call set state = ${of.state}, error = null, message_sealed = null, ended_at = null, ended_xid = null,
      tool_version = ${of.tool.version}, tool_digest = ${of.tool.digest}, requested_by = ${of.by},
      decided_by = case when ${of.state} = 'approved' then ${of.by} end,
      decided_at = case when ${of.state} = 'approved' then app_now() end,
      due_at = app_now() + ${of.dueMs} * interval '1 millisecond'
    where org_id = ${of.orgId} and id = ${of.id} and state in ('failed', 'unknown')
      and state = ${of.was.state} and attempt = ${of.was.attempt}
    returning due_at as "dueAt"
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return false;
  await putDue(tx, of.id, row.dueAt);
  return true;
}

/** What was kept for long enough. With its key goes the memory that it was made (A2): what has ended just now stays. */
export async function dropCall(tx: Tx, { orgId, id }: OfCall): Promise<ToolCall | null> {
  const { rows } = await sql<ToolCall>`
    delete from tool_call where org_id = ${orgId} and id = ${id} and ended_at is not null
      and exists (select from tool_call_due d where d.call_id = ${id} and d.due_at <= app_now())
    returning ${COLUMNS}
  `.execute(tx);
  await sql`
    delete from tool_call_due where call_id = ${id}
      and not exists (select from tool_call c where c.org_id = ${orgId} and c.id = ${id})
  `.execute(tx);
  return rows[0] ?? null;
}

async function putDue(tx: Tx, id: string, dueAt: Date): Promise<void> {
  await sql`update tool_call_due set due_at = ${dueAt} where call_id = ${id}`.execute(tx);
}

/** Calls whose time is up, of all organizations. */
export async function listDueCalls(db: Executor, limit: number): Promise<OfCall[]> {
  const { rows } = await sql<OfCall>`
    select call_id as id, org_id as "orgId" from tool_call_due where due_at <= app_now() order by due_at limit ${limit}
  `.execute(db);
  return rows;
}

/** In how many milliseconds the first is due; null: none is known. */
export const nextDueMs = (): Statement<unknown> =>
  sql`(select extract(epoch from min(due_at) - app_now()) * 1000 from tool_call_due)`;
