import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const count = Type.Integer({ minimum: 0 });

/** What a replica keeps of earlier answers; of whose they are it says nothing. */
export const getAnswerCache = endpoint({
  id: 'gateway.getAnswerCache',
  method: 'GET',
  path: '/api/v1/answer-cache',
  surface: 'own',
  summary: 'Say which answers are kept, and how much is, by the replica that is asked',
  permission: 'spend:read',
  audit: 'read',
  output: Type.Object({
    /** For every call, for those that ask for it (`use-cache`), or where a model or a key says so. */
    when: Type.Union([Type.Literal('always'), Type.Literal('asked'), Type.Literal('named')]),
    ttl_seconds: Type.Number(),
    bytes: count,
    bytes_max: count,
    entries: count,
    /** Deployments whose answers are kept, or never are. */
    deployments: Type.Array(Type.Object({ id: Type.String(), is_kept: Type.Boolean() })),
  }),
});

export const ANSWER_CACHE_ENDPOINTS = [getAnswerCache] as const;
