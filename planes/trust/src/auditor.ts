import type { Auditor, AuditRecord } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { PLATFORM_CHAIN } from '@sagewai/wire';

import { appendAudit } from './entries.sql.ts';
import type { AuditEntry } from './entry.ts';

/** Records what the HTTP pipeline tells: successes with their change (T5), refusals by themselves. */
export function createAuditor({ db }: { readonly db: Db }): Auditor {
  return {
    succeeded: (tx, record) => appendAudit(tx, entryOf(record)),
    refused: async (record) => {
      const entry = entryOf(record);
      await inTenant(db, [entry.orgId], (tx) => appendAudit(tx, entry));
    },
  };
}

function entryOf(record: AuditRecord): AuditEntry {
  const { actor, details } = record;
  return {
    orgId: record.orgId ?? PLATFORM_CHAIN,
    actor: nameActor(actor),
    action: record.action,
    subject: record.subject,
    outcome: record.outcome,
    requestId: record.requestId,
    details: actor.name === '' ? details : { ...details, actor_name: actor.name },
  };
}

/** How a caller is written in the log, `token:0197…`; its name is for people and goes to the details. */
export function nameActor(caller: { readonly kind: string; readonly id: string }): string {
  return caller.id === '' ? caller.kind : `${caller.kind}:${caller.id}`;
}
