import { inTenant } from '@sagewai/postgres';
import { appendAudit, type AuditEntry } from '@sagewai/trust';
import type { EnforcementMode, OrganizationId } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { enforce, type Finding, FINDINGS } from './enforcement.ts';
import { proofRequired } from './prove.ts';

export interface Enforced {
  readonly mode: EnforcementMode;
  readonly findings: readonly Finding[];
  readonly orgId: OrganizationId;
  readonly subject: string;
  readonly requestId: string;
}

/**
 * Throws what a strict organization refuses, and counts it. Where the organization wants to be warned,
 * returns the entry that says what would have been refused.
 */
export function enforceBinding(
  { identityMeters }: Pick<FleetParts, 'identityMeters'>,
  { mode, findings, orgId, subject, requestId }: Enforced,
): AuditEntry | null {
  const enforced = enforce(mode, findings);
  if (enforced.kind === 'allowed') return null;
  if (enforced.kind === 'refused') {
    identityMeters.found('strict', enforced.finding);
    throw proofRequired(FINDINGS[enforced.finding]);
  }
  for (const finding of enforced.findings) identityMeters.found('warn', finding);
  return {
    orgId,
    actor: subject,
    action: 'enforcement.would_refuse',
    subject,
    outcome: 'ok',
    requestId,
    details: { reason: enforced.findings.map((finding) => FINDINGS[finding]).join('; ') },
  };
}

/** As `enforceBinding`, and writes the entry down by itself. */
export async function enforceAndNote(parts: FleetParts, enforced: Enforced): Promise<void> {
  const entry = enforceBinding(parts, enforced);
  if (entry !== null) {
    await inTenant(parts.db, [enforced.orgId], (tx) => appendAudit(tx, entry));
  }
}
