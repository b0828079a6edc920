import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull } from './schemas.ts';

const fingerprint = Type.String({ pattern: '^[0-9a-f]{32}$' });
const count = Type.Integer({ minimum: 0 });

const statusFields = {
  /** Seals what is stored from now on. Fingerprints tell nothing about a key. */
  present: fingerprint,
  /** Nothing stands under a former key: none is needed any more. */
  settled: Type.Boolean(),
  keys: Type.Array(
    Type.Object({
      fingerprint,
      /** `replaced`: rows may stand under it, so every server needs it; `unneeded` was counted. */
      state: Type.Union([
        Type.Literal('present'),
        Type.Literal('replaced'),
        Type.Literal('unneeded'),
      ]),
      first_used_at: instant,
      replaced_at: instantOrNull,
      /** Rows under it, now. */
      remaining: count,
      /** Of them, those that no key opens: they are lost already. */
      broken: count,
      /** When a round has last gone over everything. */
      counted_at: instantOrNull,
      emptied_at: instantOrNull,
    }),
  ),
  /** Servers that run, and which keys each was given. */
  servers: Type.Array(
    Type.Object({
      id,
      host: Type.String(),
      seals_with: fingerprint,
      opens: Type.Array(fingerprint),
      started_at: instant,
      seen_at: instant,
    }),
  ),
  /** What is sealed, by column. */
  columns: Type.Array(
    Type.Object({
      table: Type.String(),
      column: Type.String(),
      present: count,
      former: count,
      /** Under keys that this server was not given. */
      unknown: count,
    }),
  ),
};

const administering = { surface: 'own', permission: 'encryption:administer' } as const;

export const getEncryptionKeys = endpoint({
  id: 'server.getEncryptionKeys',
  method: 'GET',
  path: '/api/v1/encryption',
  ...administering,
  summary: 'Read under which encryption keys rows stand, and whether a former one is still needed',
  audit: 'read',
  output: Type.Object(statusFields),
});

export const resealRows = endpoint({
  id: 'server.resealRows',
  method: 'POST',
  path: '/api/v1/encryption/rotate',
  ...administering,
  summary: 'Move rows from former encryption keys to the present one now, for some seconds',
  audit: 'record',
  fresh: true,
  output: Type.Object({
    ...statusFields,
    moved: count,
    /** Whether this went over everything: otherwise ask again. */
    whole: Type.Boolean(),
  }),
});

export const ENCRYPTION_KEY_ENDPOINTS = [getEncryptionKeys, resealRows] as const;
