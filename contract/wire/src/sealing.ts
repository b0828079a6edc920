import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id } from './schemas.ts';
import { model, pool } from './tags.ts';

/** An X25519 public key in hex: it names a recipient of sealed payloads, and is what is sealed for. */
export const sealKey = Type.String({ pattern: '^[0-9a-f]{64}$' });

const recipient = Type.Object({
  key: Type.String(),
  /** Who has it: one worker, or all that were given the same key file. */
  workers: Type.Array(Type.String()),
});

export const listSealRecipients = endpoint({
  id: 'runs.listSealRecipients',
  method: 'GET',
  path: '/api/v1/seal-recipients',
  surface: 'own',
  summary:
    'List the keys for which a payload may be sealed, so that a worker of the pool can open it',
  permission: 'run:seal',
  audit: 'read',
  query: Type.Object({
    /** As in a submission; the project's, or `default`, unless said. */
    pool: Type.Optional(pool),
    model: Type.Optional(model),
  }),
  output: Type.Object({
    /** What a sealed payload is bound to. */
    organization_id: id,
    project_id: id,
    pool: Type.String(),
    recipients: Type.Array(recipient),
    /** Live workers of the pool that have no key, and will not be given the run. */
    without_key: Type.Integer(),
  }),
});
