/** Chat sessions: what was said in a conversation, and what of it a model is reminded of. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { instant, oneOf, orNull } from './schemas.ts';

export const MEMORY_BACKENDS = ['short_term', 'vdb', 'kv', 'graph'] as const;
export type MemoryBackend = (typeof MEMORY_BACKENDS)[number];

/** Callers may name their own. */
export const CHAT_ID_PATTERN = '^[A-Za-z0-9_.:-]{1,100}$';

const ofChat = Type.Object({ session_id: Type.String({ pattern: CHAT_ID_PATTERN }) });
/** For callers of a whole organization; others have one. */
const ofProject = Type.Object({
  project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});
const status = <const Word extends string>(word: Word) =>
  Type.Object({ status: Type.Literal(word), session_id: Type.String() });

const summary = {
  id: Type.String(),
  title: Type.String(),
  created_at: instant,
  last_active: instant,
  message_count: Type.Integer({ minimum: 0 }),
};

const chat = Type.Object({
  id: Type.String(),
  messages: Type.Array(
    Type.Object({
      role: oneOf(['user', 'assistant']),
      content: Type.String(),
      timestamp: instant,
      metadata: Type.Object({}),
    }),
  ),
  created_at: instant,
  last_active: instant,
  metadata: Type.Object({ title: Type.String(), memory: oneOf(MEMORY_BACKENDS) }),
});

export const listChats = endpoint({
  id: 'chats.listChats',
  method: 'GET',
  path: '/sessions',
  aliases: ['/api/sessions'],
  surface: 'sage',
  summary: 'List the chat sessions of a project, the one that was active last first',
  permission: 'chat:read',
  audit: 'read',
  query: Type.Object({
    ...ofProject.properties,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
  }),
  output: Type.Object({
    sessions: Type.Array(Type.Object(summary)),
    stats: Type.Object({
      total_sessions: Type.Integer({ minimum: 0 }),
      total_messages: Type.Integer({ minimum: 0 }),
    }),
  }),
});

export const createChat = endpoint({
  id: 'chats.createChat',
  method: 'POST',
  path: '/sessions',
  aliases: ['/api/sessions', '/api/chat/sessions'],
  surface: 'sage',
  summary: 'Begin a chat session; one that a call names and that is not there begins by itself',
  permission: 'chat:write',
  audit: 'record',
  query: ofProject,
  body: Type.Object({
    title: Type.Optional(orNull(Type.String({ maxLength: 1_000 }))),
    /** How it remembers; the server's own way unless said. */
    memory: Type.Optional(oneOf(MEMORY_BACKENDS)),
  }),
  output: chat,
});

export const getChat = endpoint({
  id: 'chats.getChat',
  method: 'GET',
  path: '/sessions/{session_id}',
  aliases: ['/api/sessions/{session_id}', '/api/chat/sessions/{session_id}'],
  surface: 'sage',
  summary: 'Read a chat session with what was said, oldest first',
  permission: 'chat:read',
  audit: 'read',
  params: ofChat,
  query: ofProject,
  output: chat,
});

export const clearChat = endpoint({
  id: 'chats.clearChat',
  method: 'POST',
  path: '/sessions/{session_id}/clear',
  aliases: ['/api/sessions/{session_id}/clear', '/api/chat/sessions/{session_id}/clear'],
  surface: 'sage',
  summary: 'Forget what was said in a chat session; the session stays',
  permission: 'chat:write',
  audit: 'record',
  params: ofChat,
  query: ofProject,
  output: status('cleared'),
});

export const titleChat = endpoint({
  id: 'chats.titleChat',
  method: 'PATCH',
  path: '/sessions/{session_id}/title',
  aliases: ['/api/sessions/{session_id}/title', '/api/chat/sessions/{session_id}/title'],
  surface: 'sage',
  summary: 'Give a chat session another title; what is longer than 60 characters is cut',
  permission: 'chat:write',
  audit: 'record',
  params: ofChat,
  query: ofProject,
  body: Type.Object({ title: Type.String({ minLength: 1, maxLength: 1_000 }) }),
  output: Type.Object({
    status: Type.Literal('updated'),
    session_id: Type.String(),
    title: Type.String(),
  }),
});

export const deleteChat = endpoint({
  id: 'chats.deleteChat',
  method: 'DELETE',
  path: '/sessions/{session_id}',
  aliases: ['/api/sessions/{session_id}', '/api/chat/sessions/{session_id}'],
  surface: 'sage',
  summary: 'Delete a chat session with all that was said in it',
  permission: 'chat:write',
  audit: 'record',
  params: ofChat,
  query: ofProject,
  output: status('deleted'),
});

export const cleanUpChats = endpoint({
  id: 'chats.cleanUpChats',
  method: 'POST',
  path: '/sessions/cleanup',
  aliases: ['/api/sessions/cleanup'],
  surface: 'sage',
  summary: 'Delete the chat sessions of a project in which nothing was said for so long',
  permission: 'chat:write',
  audit: 'record',
  query: Type.Object({
    ...ofProject.properties,
    /** 30 unless said. */
    max_age_minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 5_256_000 })),
  }),
  output: Type.Object({
    status: Type.Literal('cleaned'),
    removed_sessions: Type.Integer({ minimum: 0 }),
  }),
});

export const readMemoryConfig = endpoint({
  id: 'chats.readMemoryConfig',
  method: 'GET',
  path: '/memory/config',
  aliases: ['/api/memory/config', '/api/studio/memory/config'],
  surface: 'sage',
  summary: 'Say how chat sessions remember unless they say so themselves',
  permission: 'chat:read',
  audit: 'read',
  output: Type.Object({
    backend: oneOf(MEMORY_BACKENDS),
    max_dialogs: Type.Integer(),
    config: Type.Object({
      /** How many dialogs are found again, beside the last ones. */
      top_k: Type.Integer(),
      recalled_bytes_max: Type.Integer(),
      kept_dialogs_max: Type.Integer(),
      /** Null: vectors are made of the words themselves. */
      embedding_model: orNull(Type.String()),
    }),
    available_backends: Type.Array(oneOf(MEMORY_BACKENDS)),
  }),
});

export const readMemoryStats = endpoint({
  id: 'chats.readMemoryStats',
  method: 'GET',
  path: '/memory/stats',
  aliases: ['/api/memory/stats', '/api/chat/memory/stats'],
  surface: 'sage',
  summary: 'Say how much the chat sessions of a project remember',
  permission: 'chat:read',
  audit: 'read',
  query: ofProject,
  output: Type.Object({
    total_sessions: Type.Integer({ minimum: 0 }),
    /** Of the sessions that were active last, by id. */
    sessions: Type.Record(
      Type.String(),
      Type.Union([
        Type.Object({
          backend: Type.Literal('short_term'),
          dialog_count: Type.Integer({ minimum: 0 }),
          max_dialogs: Type.Integer(),
          usage_percent: Type.Number(),
        }),
        Type.Object({
          backend: oneOf(['vdb', 'kv', 'graph']),
          collection_name: Type.String(),
          has_index: Type.Boolean(),
        }),
      ]),
    ),
  }),
});

export const CHAT_ENDPOINTS = [
  listChats,
  createChat,
  cleanUpChats,
  getChat,
  clearChat,
  titleChat,
  deleteChat,
  readMemoryConfig,
  readMemoryStats,
] as const;
