import { newId } from '@sagewai/crypto';
import { found, implement, type Route } from '@sagewai/http';
import {
  cleanUpChats,
  clearChat,
  createChat,
  deleteChat,
  getChat,
  listChats,
  MEMORY_BACKENDS,
  type OrganizationId,
  type OutputOf,
  readMemoryConfig,
  readMemoryStats,
  titleChat,
} from '@sagewai/wire';

import { chooseProject } from '../choose-project.ts';
import type { IntelligenceParts } from '../intelligence-options.ts';
import { SHORT_TERM_DIALOGS } from '../memory/choose-dialogs.ts';
import { type Chat, NEW_TITLE, openDialog, type SealedDialog, titleOf } from './chat.ts';
import {
  clearDialogs,
  countChats,
  deleteChatRow,
  deleteIdleChats,
  findChat,
  insertChat,
  listChatRows,
  listDialogs,
  retitle,
} from './chats.sql.ts';

const NO_SUCH = 'Session not found';
const SHOWN = 100;
const MINUTE_MS = 60_000;
const IDLE_MINUTES = 30;

type WireChat = OutputOf<typeof getChat>;

export function chatRoutes(parts: IntelligenceParts): Route[] {
  const { settings, keys } = parts;
  const toMessages = (orgId: OrganizationId, dialogs: readonly SealedDialog[]) =>
    dialogs.flatMap(({ id, at, sealed }): WireChat['messages'] => {
      const { user, assistant } = openDialog(keys, { orgId, id }, sealed);
      const rest = { timestamp: at.toISOString(), metadata: {} };
      return [
        { role: 'user', content: user, ...rest },
        { role: 'assistant', content: assistant, ...rest },
      ];
    });

  return [
    implement(listChats, async ({ tx, orgId, caller, query }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const of = { orgId, projectId };
      const { chats, dialogs } = await countChats(tx, of);
      return {
        sessions: (await listChatRows(tx, of, query.limit ?? SHOWN)).map(toSummary),
        stats: { total_sessions: chats, total_messages: 2 * dialogs },
      };
    }),

    implement(createChat, async ({ tx, orgId, caller, query, body, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const chat = await insertChat(
        tx,
        { orgId, projectId },
        {
          id: newId<string>(),
          title: titleOf(body.title ?? NEW_TITLE),
          memory: body.memory ?? settings.memory,
        },
      );
      audit.about(`chat:${chat.id}`, { project_id: projectId });
      return toWire(chat, []);
    }),

    implement(getChat, async ({ tx, orgId, caller, params, query }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const of = { orgId, projectId };
      const chat = found(await findChat(tx, of, params.session_id), NO_SUCH);
      const dialogs = await listDialogs(tx, of, {
        id: chat.id,
        limit: settings.dialogsKeptMax,
        bytesMax: settings.openedBytesMax,
      });
      return toWire(chat, toMessages(orgId, dialogs));
    }),

    implement(clearChat, async ({ tx, orgId, caller, params, query, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const { session_id: id } = params;
      audit.about(`chat:${id}`, { project_id: projectId });
      found((await clearDialogs(tx, { orgId, projectId }, id)) || null, NO_SUCH);
      return { status: 'cleared' as const, session_id: id };
    }),

    implement(titleChat, async ({ tx, orgId, caller, params, query, body, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const { session_id: id } = params;
      const title = titleOf(body.title);
      audit.about(`chat:${id}`, { project_id: projectId });
      found((await retitle(tx, { orgId, projectId }, { id, title })) || null, NO_SUCH);
      return { status: 'updated' as const, session_id: id, title };
    }),

    implement(deleteChat, async ({ tx, orgId, caller, params, query, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const { session_id: id } = params;
      audit.about(`chat:${id}`, { project_id: projectId });
      found((await deleteChatRow(tx, { orgId, projectId }, id)) || null, NO_SUCH);
      return { status: 'deleted' as const, session_id: id };
    }),

    implement(cleanUpChats, async ({ tx, orgId, caller, query, audit }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const idleMs = (query.max_age_minutes ?? IDLE_MINUTES) * MINUTE_MS;
      const removed = await deleteIdleChats(tx, { orgId, projectId }, idleMs);
      audit.about(`project:${projectId}`, { removed });
      return { status: 'cleaned' as const, removed_sessions: removed };
    }),

    implement(readMemoryConfig, async () => ({
      backend: settings.memory,
      max_dialogs: SHORT_TERM_DIALOGS,
      config: {
        top_k: settings.topK,
        recalled_bytes_max: settings.recalledBytesMax,
        kept_dialogs_max: settings.dialogsKeptMax,
        embedding_model: settings.embeddingModel,
      },
      available_backends: [...MEMORY_BACKENDS],
    })),

    implement(readMemoryStats, async ({ tx, orgId, caller, query }) => {
      const projectId = await chooseProject(tx, { orgId, caller, named: query.project });
      const of = { orgId, projectId };
      const { chats } = await countChats(tx, of);
      const shown = await listChatRows(tx, of, SHOWN);
      return {
        total_sessions: chats,
        sessions: Object.fromEntries(shown.map((chat) => [chat.id, toStats(chat)])),
      };
    }),
  ];
}

const toSummary = (chat: Chat) => ({
  id: chat.id,
  title: chat.title,
  created_at: chat.createdAt.toISOString(),
  last_active: chat.activeAt.toISOString(),
  message_count: 2 * chat.dialogs,
});

const toWire = (chat: Chat, messages: WireChat['messages']): WireChat => ({
  id: chat.id,
  messages,
  created_at: chat.createdAt.toISOString(),
  last_active: chat.activeAt.toISOString(),
  metadata: { title: chat.title, memory: chat.memory },
});

function toStats({
  id,
  memory,
  dialogs,
}: Chat): OutputOf<typeof readMemoryStats>['sessions'][string] {
  if (memory !== 'short_term') {
    return { backend: memory, collection_name: id, has_index: dialogs > 0 };
  }
  const held = Math.min(dialogs, SHORT_TERM_DIALOGS);
  return {
    backend: memory,
    dialog_count: held,
    max_dialogs: SHORT_TERM_DIALOGS,
    usage_percent: (100 * held) / SHORT_TERM_DIALOGS,
  };
}
