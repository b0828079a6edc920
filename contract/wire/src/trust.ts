import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const seq = Type.Integer({ minimum: 1 });

/** A link of the chain, with everything that its hash covers (`evidence.ts`). */
export const auditEntry = Type.Object({
  version: Type.Integer(),
  organization_id: Type.String({ format: 'uuid' }),
  seq,
  at: Type.String({ format: 'date-time' }),
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  outcome: Type.String(),
  request_id: Type.String(),
  details: Type.String({ description: 'JSON text, verbatim: the hash covers these bytes.' }),
  previous_hash: hash,
  hash,
});

/** Newest first unless `order` says otherwise; `oldest` is the order in which a chain is verified. */
export const listAudit = endpoint({
  id: 'trust.listAudit',
  method: 'GET',
  path: '/api/v1/audit',
  surface: 'own',
  summary: 'Read the audit log of the organization, or of the platform itself',
  permission: 'audit:read',
  audit: 'read',
  query: Type.Object({
    chain: Type.Optional(
      Type.Union([Type.Literal('organization'), Type.Literal('platform')], {
        description: 'The chain of the platform itself is for its administrators.',
      }),
    ),
    actor: Type.Optional(Type.String({ maxLength: 300 })),
    action: Type.Optional(Type.String({ maxLength: 300 })),
    subject: Type.Optional(Type.String({ maxLength: 300 })),
    outcome: Type.Optional(Type.String({ maxLength: 300 })),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    until: Type.Optional(Type.String({ format: 'date-time' })),
    order: Type.Optional(Type.Union([Type.Literal('newest'), Type.Literal('oldest')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    cursor: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$' })),
  }),
  output: Type.Object({
    entries: Type.Array(auditEntry),
    next_cursor: Type.Union([Type.String(), Type.Null()]),
    /** Read together with the entries; null while the chain is empty. */
    head: Type.Union([Type.Object({ seq, hash }), Type.Null()]),
  }),
});

/** Oldest first, streamed to the end; the last number seen, as `cursor`, continues a broken export. */
export const exportAudit = endpoint({
  id: 'trust.exportAudit',
  method: 'GET',
  path: '/api/v1/audit/export',
  surface: 'own',
  summary: 'Export the audit log, an entry a line, as JSON lines or in the Common Event Format',
  permission: 'audit:read',
  audit: 'read',
  query: Type.Object({
    format: Type.Optional(Type.Union([Type.Literal('jsonl'), Type.Literal('cef')])),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    cursor: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$' })),
  }),
  output: Type.String(),
  mediaTypes: ['application/x-ndjson', 'text/plain'],
});
