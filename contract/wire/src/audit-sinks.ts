/** Where the audit log is shipped to: webhooks, and collectors of syslog. */
import { Type } from 'typebox';

import { AUDIT_FORMATS } from './audit-formats.ts';
import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull, textOrNull } from './schemas.ts';
import { name } from './worker.ts';

const url = Type.String({
  minLength: 1,
  maxLength: 2_048,
  pattern: '^(https?|syslog\\+(tcp|tls|udp))://',
  description: 'https://… of a webhook, or syslog+tcp://, syslog+tls:// or syslog+udp://host:port.',
});
const [jsonl, cef] = AUDIT_FORMATS;
const format = Type.Union([Type.Literal(jsonl), Type.Literal(cef)]);

const sink = Type.Object({
  id,
  name: Type.String(),
  url: Type.String(),
  format: Type.String(),
  created_at: instant,
  created_by: Type.String(),
  /** The number of the last entry that the receiver has acknowledged. */
  cursor: Type.Integer(),
  behind: Type.Integer({ description: 'Entries that it has not got yet.' }),
  last_sent_at: instantOrNull,
  /** Of the last attempt; null: it succeeded. */
  last_error: textOrNull,
  next_attempt_at: instantOrNull,
  /** Why nothing is shipped to it any more. */
  disabled_why: textOrNull,
});
const ofSink = Type.Object({ sink_id: id });
const own = { surface: 'own', permission: 'audit:administer', audit: 'record' } as const;

export const listAuditSinks = endpoint({
  id: 'trust.listAuditSinks',
  method: 'GET',
  path: '/api/v1/audit/sinks',
  surface: 'own',
  summary: 'List where the audit log is shipped to, and how far each has got',
  permission: 'audit:read',
  audit: 'read',
  output: Type.Object({ sinks: Type.Array(sink) }),
});

export const createAuditSink = endpoint({
  ...own,
  id: 'trust.createAuditSink',
  method: 'POST',
  path: '/api/v1/audit/sinks',
  summary: 'Ship the audit log to an address; the secret of a webhook is shown once',
  body: Type.Object({
    name,
    url,
    format: Type.Optional(format),
    ca: Type.Optional(
      Type.String({ maxLength: 65_536, description: 'PEM: whom to trust, of syslog+tls only.' }),
    ),
    from: Type.Optional(
      Type.Union([Type.Literal('now'), Type.Literal('beginning')], {
        description: 'Which entries it gets: those from now on, or all.',
      }),
    ),
  }),
  output: Type.Object({ ...sink.properties, secret: textOrNull }),
  status: 201,
});

export const updateAuditSink = endpoint({
  ...own,
  id: 'trust.updateAuditSink',
  method: 'PATCH',
  path: '/api/v1/audit/sinks/{sink_id}',
  summary: 'Stop shipping to a sink, or go on where it stopped',
  params: ofSink,
  body: Type.Object({ name: Type.Optional(name), enabled: Type.Optional(Type.Boolean()) }),
  output: sink,
});

export const deleteAuditSink = endpoint({
  ...own,
  id: 'trust.deleteAuditSink',
  method: 'DELETE',
  path: '/api/v1/audit/sinks/{sink_id}',
  summary: 'Ship to a sink no more, and forget how far it got',
  params: ofSink,
  output: Type.Object({ status: Type.Literal('ok') }),
});

/** The test is recorded, and that entry is what is shipped. */
export const testAuditSink = endpoint({
  ...own,
  id: 'trust.testAuditSink',
  method: 'POST',
  path: '/api/v1/audit/sinks/{sink_id}/test',
  summary: 'Ship to a sink at once: the entry of this very call comes last',
  params: ofSink,
  output: sink,
  status: 202,
});

export const AUDIT_SINK_ENDPOINTS = [
  listAuditSinks,
  createAuditSink,
  updateAuditSink,
  deleteAuditSink,
  testAuditSink,
] as const;
