/** The index of a project: documents in passages, found by words and by vectors. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { instant, oneOf, orNull, textOrNull } from './schemas.ts';

const ofProject = Type.Object({
  project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});

const index = Type.Object({
  documents: Type.Integer({ minimum: 0 }),
  chunks: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
  /** Null: it is searched by words alone. */
  embedding_model: textOrNull,
  source: Type.String(),
  built_at: instant,
  built_by: Type.String(),
});

export const readIndex = endpoint({
  id: 'knowledge.readIndex',
  method: 'GET',
  path: '/admin/index/status',
  surface: 'sage',
  summary: 'Say whether a project has an index, and of what',
  permission: 'index:read',
  audit: 'read',
  query: ofProject,
  output: Type.Union([
    Type.Object({ status: Type.Literal('not_found'), message: Type.String() }),
    Type.Object({ status: Type.Literal('ready'), index }),
  ]),
});

export const buildIndex = endpoint({
  id: 'knowledge.buildIndex',
  method: 'POST',
  path: '/admin/index/build',
  surface: 'sage',
  summary: 'Build the index of a project, of documents that are sent or of a folder of the server',
  permission: 'index:write',
  audit: 'record',
  query: ofProject,
  body: Type.Object({
    /** Under a folder that the operator has named for the project; that folder unless said. */
    source_dir: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 4_096 }))),
    documents: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String({ minLength: 1, maxLength: 1_000 }),
          text: Type.String({ maxLength: 4_000_000 }),
        }),
        { minItems: 1, maxItems: 5_000 },
      ),
    ),
    /** In place of the one that there is. */
    force_rebuild: Type.Optional(Type.Boolean()),
  }),
  bodyBytesMax: 64 * 1024 * 1024,
  output: Type.Object({
    status: oneOf(['already_exists', 'built']),
    message: Type.String(),
    index,
  }),
});

export const deleteIndex = endpoint({
  id: 'knowledge.deleteIndex',
  method: 'DELETE',
  path: '/admin/index',
  surface: 'sage',
  summary: 'Delete the index of a project',
  permission: 'index:write',
  audit: 'record',
  query: ofProject,
  output: Type.Object({ status: oneOf(['deleted', 'not_found']), message: Type.String() }),
});

const source = {
  /** By which an answer cites it: `[1]`. */
  id: Type.Integer({ minimum: 1 }),
  /** Its beginning. */
  text: Type.String(),
  full_text: Type.String(),
  doc_path: Type.String(),
  heading: Type.String(),
  chunk: Type.Integer({ minimum: 0 }),
  score: Type.Number(),
};

export const searchIndex = endpoint({
  id: 'knowledge.searchIndex',
  method: 'POST',
  path: '/api/v1/context/search',
  aliases: ['/api/v1/memory/vector/search'],
  surface: 'sage',
  summary: 'Find passages of the index of a project',
  permission: 'index:read',
  audit: 'read',
  query: ofProject,
  body: Type.Object({
    query: Type.String({ minLength: 1, maxLength: 8_000 }),
    /** 4 unless said. */
    top_k: Type.Optional(Type.Integer({ minimum: 1, maximum: 50 })),
    /** Without what is said twice, the best first, and shortened; true unless said. */
    refine: Type.Optional(Type.Boolean()),
  }),
  output: Type.Object({
    query: Type.String(),
    results: Type.Array(
      Type.Object({ content: Type.String(), rank: Type.Integer({ minimum: 1 }), ...source }),
    ),
    count: Type.Integer({ minimum: 0 }),
  }),
});

export const KNOWLEDGE_ENDPOINTS = [readIndex, buildIndex, deleteIndex, searchIndex] as const;
