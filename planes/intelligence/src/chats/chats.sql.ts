import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { MemoryBackend, OrganizationId } from '@sagewai/wire';

import { type Chat, NEW_TITLE, type OfProject, type SealedDialog } from './chat.ts';

const COLUMNS = sql`
  s.id, s.title, s.memory, s.created_at as "createdAt", s.active_at as "activeAt", s.dialogs
`;

export async function listChatRows(
  tx: Executor,
  { orgId, projectId }: OfProject,
  limit: number,
): Promise<Chat[]> {
  const { rows } = await sql<Chat>`
    select ${COLUMNS} from chat_session s
    where s.org_id = ${orgId} and s.project_id = ${projectId}
    order by s.active_at desc, s.id limit ${limit}
  `.execute(tx);
  return rows;
}

export async function countChats(
  tx: Executor,
  { orgId, projectId }: OfProject,
): Promise<{ readonly chats: number; readonly dialogs: number }> {
  const { rows } = await sql<{ chats: number; dialogs: number }>`
    select count(*)::int as chats, coalesce(sum(dialogs), 0)::int as dialogs
    from chat_session where org_id = ${orgId} and project_id = ${projectId}
  `.execute(tx);
  return rows[0] ?? { chats: 0, dialogs: 0 };
}

export async function findChat(
  tx: Executor,
  { orgId, projectId }: OfProject,
  id: string,
): Promise<Chat | null> {
  const { rows } = await sql<Chat>`
    select ${COLUMNS} from chat_session s
    where s.org_id = ${orgId} and s.project_id = ${projectId} and s.id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function insertChat(
  tx: Tx,
  { orgId, projectId }: OfProject,
  chat: Pick<Chat, 'id' | 'title' | 'memory'>,
): Promise<Chat> {
  const { rows } = await sql<Chat>`
    insert into chat_session as s (org_id, project_id, id, title, memory)
    values (${orgId}, ${projectId}, ${chat.id}, ${chat.title}, ${chat.memory})
    returning ${COLUMNS}
  `.execute(tx);
  const [made] = rows;
  if (made === undefined) throw new Error('a chat that was inserted is not there');
  return made;
}

/**
 * What was said last in it, oldest first: all of it, or as much as its way of remembering asks for, and no more bytes
 * than a process may hold for one call; the last one whatever its size.
 */
export async function listDialogs(
  tx: Executor,
  { orgId, projectId }: OfProject,
  of: { readonly id: string; readonly limit: number; readonly bytesMax: number },
): Promise<SealedDialog[]> {
  const { id, limit, bytesMax } = of;
  const { rows } = await sql<SealedDialog>`
    select id, at, sealed
    from (
      select id, at, sealed, seq, sum(octet_length(sealed)) over (order by seq desc) - octet_length(sealed) as newer_bytes
      from chat_dialog
      where org_id = ${orgId} and project_id = ${projectId} and session_id = ${id}
      order by seq desc limit ${limit}
    ) as last
    where newer_bytes < ${bytesMax}
    order by seq desc
  `.execute(tx);
  return rows.toReversed();
}

/** C3. A chat that is not there begins; beyond so many dialogs the oldest is forgotten. */
export async function appendDialog(
  tx: Tx,
  { orgId, projectId }: OfProject,
  of: {
    readonly chat: { readonly id: string; readonly memory: MemoryBackend };
    readonly id: string;
    readonly sealed: string;
    readonly keptMax: number;
  },
): Promise<void> {
  const { chat, id, sealed, keptMax } = of;
  await sql`
    with noted as (
      insert into chat_session as s (org_id, project_id, id, title, memory, dialogs, last_seq)
      values (${orgId}, ${projectId}, ${chat.id}, ${NEW_TITLE}, ${chat.memory}, 1, 1)
      on conflict (org_id, project_id, id) do update
        set active_at = app_now(), last_seq = s.last_seq + 1, dialogs = least(s.dialogs + 1, ${keptMax})
      returning last_seq
    ), forgotten as (
      delete from chat_dialog d using noted
      where d.org_id = ${orgId} and d.project_id = ${projectId} and d.session_id = ${chat.id}
        and d.seq <= noted.last_seq - ${keptMax}
    )
    insert into chat_dialog (org_id, id, project_id, session_id, seq, sealed)
    select ${orgId}, ${id}, ${projectId}, ${chat.id}, last_seq, ${sealed} from noted
  `.execute(tx);
}

/** Whether there is such a chat. */
export async function clearDialogs(
  tx: Tx,
  { orgId, projectId }: OfProject,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    update chat_session set dialogs = 0, active_at = app_now()
    where org_id = ${orgId} and project_id = ${projectId} and id = ${id} returning id
  `.execute(tx);
  await sql`
    delete from chat_dialog where org_id = ${orgId} and project_id = ${projectId} and session_id = ${id}
  `.execute(tx);
  return rows.length > 0;
}

export async function retitle(
  tx: Tx,
  { orgId, projectId }: OfProject,
  { id, title }: { readonly id: string; readonly title: string },
): Promise<boolean> {
  const { rows } = await sql`
    update chat_session set title = ${title}
    where org_id = ${orgId} and project_id = ${projectId} and id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}

export async function deleteChatRow(
  tx: Tx,
  { orgId, projectId }: OfProject,
  id: string,
): Promise<boolean> {
  const { rows } = await sql`
    delete from chat_session
    where org_id = ${orgId} and project_id = ${projectId} and id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}

/** How many there were in which nothing was said for so long. */
export async function deleteIdleChats(
  tx: Tx,
  { orgId, projectId }: OfProject,
  idleMs: number,
): Promise<number> {
  const { rows } = await sql`
    delete from chat_session
    where org_id = ${orgId} and project_id = ${projectId}
      and active_at < app_now() - ${idleMs} * interval '1 millisecond'
    returning id
  `.execute(tx);
  return rows.length;
}

/** Of all projects of an organization, some at once. */
export async function dropIdleChats(
  tx: Tx,
  orgId: OrganizationId,
  { idleMs, limit }: { readonly idleMs: number; readonly limit: number },
): Promise<number> {
  const { rows } = await sql`
    delete from chat_session where org_id = ${orgId} and (project_id, id) in (
      select project_id, id from chat_session
      where org_id = ${orgId} and active_at < app_now() - ${idleMs} * interval '1 millisecond'
      order by active_at limit ${limit})
    returning id
  `.execute(tx);
  return rows.length;
}
